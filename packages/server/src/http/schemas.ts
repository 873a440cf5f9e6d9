import { type Static, type TSchema, Type } from 'typebox';
import { ERROR_CODES, type ErrorCode } from '../core/errors.ts';
import { CONTENT_TYPES, HISTORY_ACCESSES, MEMBER_ROLES, REFERENCE_KINDS, ROLES } from '../core/model.ts';

/** Longest page that a list gives. */
export const MAX_PAGE = 200;
const DEFAULT_PAGE = 50;

export const RoleSchema = Type.Enum([...ROLES], { description: 'What the user may do.', examples: ['user'] });
export const MemberRoleSchema = Type.Enum([...MEMBER_ROLES], { examples: ['member'] });

/** Of a group or a room. */
export const HistorySchema = Type.Enum([...HISTORY_ACCESSES], {
  description:
    'What members see of before they came: `all` of it, or `since_join` nothing. Who left and came again sees what was said in its earlier stays, too.',
});

const Id = Type.String({ examples: ['alice'] });
const Time = Type.Integer({ description: 'Milliseconds since 1970.', examples: [1_767_225_600_000] });

const UserObject = Type.Object(
  {
    id: Id,
    uid: Type.Integer({ description: 'The numeric id that some protocols need.', examples: [1] }),
    username: Type.String({ examples: ['alice'] }),
    nickname: Type.String({ examples: ['Alice'] }),
    avatar: Type.String({ description: 'URL of a picture.', examples: [''] }),
    role: RoleSchema,
    disabled: Type.Boolean({ description: 'Whether a manager keeps it from logging in and connecting.' }),
    app: Type.String({ description: 'The application the user belongs to.', examples: ['default'] }),
    createdAt: Time,
  },
  { $id: 'User', description: 'The user.' },
);
export const UserSchema = ref(UserObject);

/** What login gives a user to come with. */
export const SessionTokenFields = {
  token: Type.String({ description: 'For `Authorization: Bearer`, and the `token` of every endpoint.' }),
  expiresAt: Time,
  roomKey: Type.Optional(
    Type.String({
      description:
        'Key to encrypt the frames of the `room` protocol under, base64url. It belongs to the token.',
    }),
  ),
};

/** A user who changed its own password also gets a token, as those of before are refused. */
export const ChangedUserSchema = Type.Object(
  { ...UserObject.properties, ...Type.Partial(Type.Object(SessionTokenFields)).properties },
  { description: 'The user; with a new token for one that changed its own password.' },
);

/** Of a group or a room. */
const NegativeUid = Type.Integer({
  description: 'The negative number under which `mimi` clients write to it.',
  examples: [-1],
});

const GroupObject = Type.Object(
  {
    id: Type.String({ examples: ['demo'] }),
    uid: NegativeUid,
    appId: Type.String({ examples: ['default'] }),
    name: Type.String({ examples: ['Demo'] }),
    avatar: Type.String({ examples: [''] }),
    history: HistorySchema,
    memberCount: Type.Integer({ examples: [6] }),
    lastSeq: Type.Integer({
      description: 'Sequence of the newest message; 0 before the first.',
      examples: [42],
    }),
    createdAt: Time,
  },
  { $id: 'Group', description: 'The group.' },
);
export const GroupSchema = ref(GroupObject);

const RoomObject = Type.Object(
  {
    number: Type.String({ examples: ['E00001'] }),
    uid: NegativeUid,
    appId: Type.String({ examples: ['default'] }),
    name: Type.String({ examples: ['Class 3'] }),
    description: Type.String({ examples: [''] }),
    open: Type.Boolean({ description: 'Whether guests may come in.' }),
    history: HistorySchema,
    owner: Type.Union([
      Type.Object({
        id: Id,
        guest: Type.Boolean({ description: 'Whether that is a guest, and no user.' }),
        nickname: Type.String({ examples: ['Alice'] }),
      }),
      Type.Null(),
    ]),
    present: Type.Integer({
      description: 'How many are in it now through the room protocol.',
      examples: [3],
    }),
    lastSeq: Type.Integer({
      description: 'Sequence of the newest message; 0 before the first.',
      examples: [42],
    }),
    createdAt: Time,
  },
  { $id: 'Room', description: 'The room.' },
);
export const RoomSchema = ref(RoomObject);

const MemberObject = Type.Object(
  {
    userId: Id,
    role: MemberRoleSchema,
    joinedAt: Time,
    deliveredSeq: Type.Integer({
      description: 'Every message up to here was delivered to the member.',
      examples: [42],
    }),
    readSeq: Type.Integer({
      description: 'Every message up to here was read by the member.',
      examples: [40],
    }),
  },
  { $id: 'Member', description: 'The member.' },
);
export const MemberSchema = ref(MemberObject);

const MessageObject = Type.Object(
  {
    appId: Type.String({ examples: ['default'] }),
    id: Type.String({ description: 'Given by the server.' }),
    clientId: Type.String({ description: "The sender's own id of the message." }),
    conversationId: Type.String({ examples: ['single:alice:bob'] }),
    kind: Type.Enum(['single', 'group', 'room', 'service']),
    seq: Type.Integer({ description: 'Place in the conversation: 1, 2, 3 … without gaps.', examples: [1] }),
    senderId: Type.String({
      description: 'A user, or `guest:` and what a guest calls itself.',
      examples: ['alice'],
    }),
    sender: Type.Object(
      {
        name: Type.String(),
        number: Type.String(),
        nickname: Type.String({ examples: ['Alice'] }),
        avatar: Type.String(),
      },
      { description: 'How the sender is shown.' },
    ),
    targetId: Type.String({ description: 'The other user, or the conversation.', examples: ['bob'] }),
    content: Type.Object({
      type: Type.Enum([...CONTENT_TYPES], { examples: ['text'] }),
      text: Type.String({ examples: ['Hello'] }),
      extra: Type.Unknown({ description: 'JSON beside the text, or null.' }),
      fields: Type.Optional(
        Type.Unknown({ description: 'Further fields that an application put beside them, as they came.' }),
      ),
    }),
    reference: Type.Union(
      [
        Type.Object({
          kind: Type.Enum([...REFERENCE_KINDS]),
          messageId: Type.String(),
          senderId: Type.String(),
          text: Type.String({ description: 'Empty once the original was recalled.' }),
          isRecalled: Type.Boolean(),
          reason: Type.String(),
        }),
        Type.Null(),
      ],
      { description: 'The message that this one quotes or forwards.' },
    ),
    source: Type.String({ description: 'The dialect it came through.' }),
    deviceId: Type.String({ description: "What its sender's device called itself." }),
    changeReason: Type.String({ description: 'Why it was edited or recalled.' }),
    state: Type.Enum(['normal', 'edited', 'recalled', 'deleted'], {
      description: 'Recalled and deleted messages have lost their content.',
    }),
    status: Type.Optional(
      Type.Enum(['sent', 'delivered', 'read'], {
        description:
          'How far a message of your own got with the other user of a single chat, unless it is gone.',
      }),
    ),
    revision: Type.Integer({
      description: "The conversation's revision at the last change; 0 if never changed.",
    }),
    createdAt: Time,
    changedAt: Time,
  },
  { $id: 'Message', description: 'The message.' },
);
export const MessageSchema = ref(MessageObject);

const FileObject = Type.Object(
  {
    id: Type.String({ examples: ['01a1f9dd-0306-7537-93d0-368d80be1d86'] }),
    url: Type.String({
      description: 'Where it is on this server, for the content of a message.',
      examples: ['/files/01a1f9dd-0306-7537-93d0-368d80be1d86'],
    }),
    name: Type.String({ description: 'As its uploader called it.', examples: ['photo.jpg'] }),
    type: Type.String({ description: 'What its bytes say it is.', examples: ['image/jpeg'] }),
    size: Type.Integer({ description: 'In bytes.', examples: [1_024_000] }),
    sha256: Type.String({ description: 'Of the bytes, in hex.' }),
    extension: Type.String({ description: 'Without the dot; may be empty.', examples: ['jpg'] }),
    format: Type.Optional(Type.String({ description: 'Of a picture.', examples: ['JPEG'] })),
    width: Type.Optional(Type.Integer({ description: 'Of a picture as shown, in pixels.', examples: [800] })),
    height: Type.Optional(Type.Integer({ examples: [600] })),
    createdAt: Time,
  },
  { $id: 'File', description: 'The file.' },
);
export const FileSchema = ref(FileObject);

const ErrorObject = Type.Object(
  {
    code: Type.Enum(Object.keys(ERROR_CODES) as ErrorCode[], { examples: ['EINVAL'] }),
    message: Type.String({ examples: ['username is missing'] }),
    field: Type.Optional(Type.String({ description: 'The argument at fault.', examples: ['username'] })),
    limit: Type.Optional(Type.Integer({ description: 'The limit that was exceeded.' })),
  },
  { $id: 'Error', description: 'A refusal: nothing was changed.' },
);
export const ErrorSchema = ref(ErrorObject);

/** Largest whole number that a query is read for. */
export const MAX_QUERY_NUMBER = 10 ** 15 - 1;

export const PageQuery = Type.Object(
  {
    after: Type.Optional(
      Type.String({ minLength: 1, description: 'Only what sorts after this id: `next` of the page before.' }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_PAGE,
        default: DEFAULT_PAGE,
        description: 'Longest page to give.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const NextSchema = Type.Optional(
  Type.String({ description: '`after` of the next page; absent on the last page.' }),
);

/** What the store takes as a page. */
export function pageOf({ after, limit = DEFAULT_PAGE }: Static<typeof PageQuery>): {
  after?: string;
  limit: number;
} {
  return { limit, ...(after === undefined ? {} : { after }) };
}

/** The `next` of a page: a full page may have another after it. */
export function nextOf(ids: readonly string[], limit: number): { next?: string } {
  const last = ids.at(-1);
  return last === undefined || ids.length < limit ? {} : { next: last };
}

export const NoContent = Type.Null({ description: 'Done.' });

/** What the schemas above refer to by name. */
export const SHARED_SCHEMAS: readonly TSchema[] = [
  UserObject,
  GroupObject,
  RoomObject,
  MemberObject,
  MessageObject,
  FileObject,
  ErrorObject,
];

/** A schema by its name, so that the OpenAPI document has it once. */
function ref<Schema extends TSchema>(schema: Schema) {
  const { $id, description } = schema as { $id?: string; description?: string };
  return Type.Unsafe<Static<Schema>>({ $ref: `${$id}#`, description });
}

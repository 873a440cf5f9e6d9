import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message, Person, Room } from '../../core/model.ts';
import { groupMessage } from '../../hub/message-fixture.ts';
import {
  ALREADY_JOINED,
  ROOM_SHAPE,
  renderChat,
  renderJoined,
  renderLeft,
  renderRefusal,
  withMembers,
} from './render.ts';

/** The examples of the document, as it writes them. */
const MEMBER = (n: number) =>
  `{"headImgUrl":"/abc/efg/h.jpg","id":"1jt5325h83rf5h9ue6jk8r3h8jk${n}","nickName":"老三","personName":"张三","personNum":"XS00001"}`;
const JOIN_EXAMPLE = `{
  "status":1,
  "msg":"Join successfully",
  "resultBody":{
    "msgType":3,
    "textData":{
      "dataType":1,
      "data":{
        "number": "E00001",
        "name":"房间名称",
        "desc":"房间描述",
        "owner":${MEMBER(1)},
        "createTime":1597368648105,
        "members":[${MEMBER(1)},${MEMBER(1)}],
        "newJoinMember":${MEMBER(1)}
      }
    }
  }
}`;
const LEAVE_EXAMPLE = `{
  "status": 1,
  "msg": "Leave successfully",
  "resultBody": {
    "msgType": 3,
    "textData": {
      "dataType": 2,
      "data": {
        "number": "E00001",
        "name": "房间名称",
        "desc": "房间描述",
        "createTime": 1597405290076,
        "newLeaveMember": ${MEMBER(4)},
        "owner": ${MEMBER(2)}
      }
    }
  }
}`;
const REFUSAL_EXAMPLE = `{
  "status":0,
  "msg":"连接被拒,您已在其他页面或客户端加入该房间,请先将其退出!",
  "resultBody":""
}`;

const person = (n: number): Person => ({
  id: `guest:1jt5325h83rf5h9ue6jk8r3h8jk${n}`,
  profile: { name: '张三', number: 'XS00001', nickname: '老三', avatar: '/abc/efg/h.jpg' },
});

const room = (changes: Partial<Room>): Room => ({
  tenant: 't',
  id: 'E00001',
  uid: -1,
  kind: 'room',
  name: '房间名称',
  avatar: '',
  history: 'since_join',
  memberCount: 0,
  lastSeq: 0,
  revision: 0,
  description: '房间描述',
  isOpen: true,
  owner: null,
  createdAt: 1,
  ...changes,
});

test("the document's answer to a join", () => {
  const document = JSON.stringify(
    renderJoined(room({ owner: person(1), createdAt: 1597368648105 }), person(1)),
  );
  const frame = withMembers(document, Buffer.from(`[${MEMBER(1)},${MEMBER(1)}]`)).toString();
  assert.deepEqual(JSON.parse(frame), JSON.parse(JOIN_EXAMPLE));
});

test('the others get the same without the list', () => {
  const expected = JSON.parse(JOIN_EXAMPLE);
  expected.resultBody.textData.data.members = null;
  const frame = renderJoined(room({ owner: person(1), createdAt: 1597368648105 }), person(1));
  assert.deepEqual(frame, expected);
});

test("the document's news of a leave", () => {
  const frame = renderLeft(room({ owner: person(2), createdAt: 1597405290076 }), person(4));
  assert.deepEqual(JSON.parse(JSON.stringify(frame)), JSON.parse(LEAVE_EXAMPLE));
});

test("the document's refusal of a second join", () => {
  assert.deepEqual(renderRefusal(ALREADY_JOINED), JSON.parse(REFUSAL_EXAMPLE));
});

test('a name that looks like the place of the list is not taken for it', () => {
  const evil = room({ name: '"members":null', description: '\\"members":null' });
  const frame = withMembers(JSON.stringify(renderJoined(evil, person(1))), Buffer.from('[1]'));
  const { data } = JSON.parse(frame.toString()).resultBody.textData;
  assert.deepEqual([data.name, data.desc, data.members], [evil.name, evil.description, [1]]);
});

const chatOf = (changes: Partial<Message>) =>
  renderChat(groupMessage(1, { kind: 'room', ...changes })).resultBody.textData.data;

test('a sender without a nickname, such as one who was deleted, is shown by its id', () => {
  const nobody = { name: '', uid: 7, nickname: '', avatar: '' };
  const { from } = chatOf({ parties: { sender: nobody, target: nobody } });
  assert.deepEqual([from.id, from.nickName, from.personNum], ['alice', 'alice', '7']);
});

for (const [extra, text, content] of [
  [{ url: '/p.jpg' }, '', '/p.jpg'],
  [{ name: 'a.pdf' }, '', 'a.pdf'],
  [{ url: '/p.jpg' }, 'a picture', 'a picture'],
  [{ url: 7 }, '', '[image]'],
  [null, '', '[image]'],
] as const) {
  test(`an image with ${JSON.stringify(extra)} and "${text}" reads "${content}"`, () => {
    const chat = chatOf({ content: { type: 'image', text, extra } });
    assert.deepEqual([chat.content, chat.type], [content, 'image']);
    if (extra !== null) assert.deepEqual(chat.extra, extra);
  });
}

test('a recalled message keeps nothing but its place', () => {
  const gone = chatOf({
    state: 'recalled',
    content: { type: 'image', text: '', extra: { url: '/p.jpg' }, fields: { extendFields: { a: 1 } } },
  });
  assert.deepEqual(
    [gone.content, gone.recalled, gone.type, gone.extra, gone.id],
    ['', true, undefined, undefined, 'id1'],
  );
});

test('what the protocol has no words for is not told', () => {
  const event = { tenant: 't', conversationId: 'team', kind: 'group', userId: 'u', actorId: 'u' } as const;
  assert.equal(ROOM_SHAPE.render({ type: 'member.removed', ...event }), undefined);
  assert.equal(
    ROOM_SHAPE.render({
      type: 'message.status',
      status: 'sent',
      message: groupMessage(1),
      actorId: 'alice',
      at: 1,
    }),
    undefined,
  );
});

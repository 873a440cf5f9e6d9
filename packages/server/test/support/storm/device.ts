import {
  CLIENTS,
  type Dialect,
  type MatrixClient,
  type Person,
  type Place,
  type World,
} from '../matrix/clients.ts';
import type { Told } from '../matrix/heard.ts';
import type { Link } from './link.ts';

/** What is to be seen of one message: its writer's id of it, and what it says; nothing once it was taken back. */
interface Seen {
  readonly id: string;
  readonly text: string;
}

interface XuqmBody {
  readonly id?: string;
  readonly chatType?: string;
  readonly content: string;
}

interface ImBody {
  readonly clientMessageId: string;
  readonly status: number;
  readonly chat?: { readonly content: { readonly content: string } };
}

interface RoomBody {
  readonly resultBody: {
    readonly msgType?: number;
    readonly textData?: { readonly data: { readonly id: string; readonly content: string } };
  };
}

/** How a client of each dialect reads what comes; undefined for what is no message. */
const READ: Readonly<Record<Dialect, (told: Told) => Seen | undefined>> = {
  xuqm({ at, body }) {
    const { id, chatType, content } = body as XuqmBody;
    return at.endsWith('/messages') && id && chatType ? { id, text: content } : undefined;
  },
  im({ at, body }) {
    const { clientMessageId: id, status, chat } = body as ImBody;
    if (!at.endsWith('/private-messages') || !chat) return undefined;
    return { id, text: status === 6 ? '' : chat.content.content };
  },
  mimi({ body }) {
    const { chatID, content } = body as { chatID?: string; content: string };
    return chatID ? { id: chatID, text: content } : undefined;
  },
  desk({ body }) {
    const { type, clientMsgId, content } = body as { type: string; clientMsgId: string; content: string };
    return type === 'message' ? { id: clientMsgId, text: content } : undefined;
  },
  room({ body }) {
    const { msgType, textData } = (body as RoomBody).resultBody;
    const data = textData?.data;
    return msgType === 3 && data ? { id: data.id, text: data.content } : undefined;
  },
};

/** One person's client, with what it has of each message, whatever connection that came by. */
export class Device {
  readonly person: Person;
  readonly #link: Link;
  readonly #client: MatrixClient;
  readonly #seen = new Map<string, string>();
  #state: 'away' | 'moving' | 'there' = 'away';

  constructor(world: Omit<World, 'wsUrl'>, person: Person, link: Link) {
    this.person = person;
    this.#link = link;
    this.#client = CLIENTS[person.dialect]({ ...world, wsUrl: link.wsUrl }, person);
  }

  get state(): 'away' | 'moving' | 'there' {
    return this.#state;
  }

  /** What it has of a message, by its writer's id; undefined for nothing. */
  textOf(id: string): string | undefined {
    return this.#seen.get(id);
  }

  /** Ids of messages that it has, the newest last. */
  get ids(): string[] {
    return [...this.#seen.keys()];
  }

  async come(): Promise<void> {
    this.#state = 'moving';
    await this.#client.come();
    this.#state = 'there';
    this.#client.sync?.();
  }

  /** Says goodbye: everything that was written to it comes before. */
  async go(): Promise<void> {
    this.#state = 'moving';
    await this.#client.go();
    this.#state = 'away';
  }

  /** What is under way is lost. */
  cut(): void {
    this.#link.cut();
    this.lost();
  }

  /** The server has gone. */
  lost(): void {
    this.#state = 'away';
  }

  /** Takes in what came, and confirms it where that is the client's to do. */
  look(): void {
    for (const told of this.#client.heard.take()) {
      const seen = READ[this.person.dialect](told);
      if (!seen) continue;
      this.#seen.set(seen.id, seen.text);
      if (this.#state === 'there') this.#client.confirm?.(seen.id);
    }
  }

  say(to: Place, id: string, text: string): void {
    this.#client.say(to, id, text);
  }

  edit(id: string, text: string): void {
    this.#client.edit?.(id, text);
  }

  revoke(id: string): void {
    this.#client.revoke?.(id);
  }

  read(id: string): void {
    this.#client.read?.(id);
  }

  /** Resolves once this text came, or it is clear that it doesn't: then it throws. */
  text(text: string): Promise<void> {
    return this.#client.heard.text(text);
  }
}

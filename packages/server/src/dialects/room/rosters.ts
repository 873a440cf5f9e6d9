import type { Attendance } from '../../core/attendance.ts';
import type { CoreEvent } from '../../core/events.ts';
import type { Place } from '../../core/ports/attendance.ts';
import { conversationTopic } from '../../core/topics.ts';
import type { Hub, Listener } from '../../hub/hub.ts';
import { MemberList } from './member-list.ts';

interface Roster {
  readonly list: MemberList;
  readonly listener: Listener;
  /** Sessions that look at it. */
  holders: number;
}

/** The encoded member lists of the rooms that anybody here is in, kept up to date by the rooms' events. */
export class Rosters {
  readonly #attendance: Attendance;
  readonly #hub: Hub;
  readonly #rosters = new Map<string, Roster>();

  constructor(attendance: Attendance, hub: Hub) {
    this.#attendance = attendance;
    this.#hub = hub;
  }

  /** The list of a room, with the one who came included. To be let go of by `release`. */
  hold({ tenant, roomId, person }: Place): MemberList {
    const topic = conversationTopic(tenant, roomId);
    const roster = this.#rosters.get(topic) ?? this.#open(topic, tenant, roomId);
    roster.holders++;
    roster.list.add(person);
    return roster.list;
  }

  release({ tenant, roomId }: Place): void {
    const topic = conversationTopic(tenant, roomId);
    const roster = this.#rosters.get(topic);
    if (!roster || --roster.holders > 0) return;
    this.#rosters.delete(topic);
    this.#hub.unlisten(topic, roster.listener);
  }

  #open(topic: string, tenant: string, roomId: string): Roster {
    const list = new MemberList(this.#attendance.people(tenant, roomId));
    const roster = { list, listener: (event: CoreEvent) => follow(list, event), holders: 0 };
    this.#rosters.set(topic, roster);
    this.#hub.listen(topic, roster.listener);
    return roster;
  }
}

function follow(list: MemberList, event: CoreEvent): void {
  if (event.type === 'attendance.joined') list.add(event.person);
  else if (event.type === 'attendance.left') list.remove(event.person);
}

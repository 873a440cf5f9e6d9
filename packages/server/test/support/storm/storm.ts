import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Random } from '../fuzz/random.ts';
import { type Group, type Place, singleOf } from '../matrix/clients.ts';
import type { Device } from './device.ts';

interface Saying {
  readonly by: Device;
  readonly id: string;
}

/** What happens at random: people say, edit, take back and read things, and come and go meanwhile. */
export class Storm {
  readonly #group: Group;
  readonly #devices: readonly Device[];
  readonly #random: Random;
  readonly #leave: (device: Device) => void | Promise<void>;
  readonly #moves = new Set<Promise<void>>();
  readonly #said: Saying[] = [];
  /** Ids of the conversations in which somebody said something. */
  readonly conversations = new Set<string>();

  /** @param leave how a device that is there ceases to be */
  constructor(
    group: Group,
    devices: readonly Device[],
    random: Random,
    leave: (device: Device) => void | Promise<void>,
  ) {
    this.#group = group;
    this.#devices = devices;
    this.#random = random;
    this.#leave = leave;
  }

  /** @param steps what is to happen: turns in which somebody is on the way do not count, however slow the store is */
  async rage(steps: number): Promise<void> {
    for (let step = 0; step < steps; ) {
      const device = this.#random.pick(this.#devices);
      if (device.state !== 'moving') {
        this.#step(device);
        step += 1;
      }
      await setImmediate();
    }
    await Promise.all(this.#moves);
  }

  #step(device: Device): void {
    device.look();
    if (device.state === 'away') this.#move(device.come());
    else if (this.#random.happens(0.05)) this.#move(this.#leave(device));
    else this.#act(device);
  }

  #move(move: void | Promise<void>): void {
    if (!move) return;
    const moved = move.finally(() => this.#moves.delete(moved));
    this.#moves.add(moved);
  }

  #act(device: Device): void {
    const draw = this.#random.next();
    if (draw < 0.7) this.#say(device);
    else if (draw < 0.8) this.#read(device);
    else this.#change(device);
  }

  #read(device: Device): void {
    const { ids } = device;
    if (ids.length > 0) device.read(this.#random.pick(ids));
  }

  #change(device: Device): void {
    const own = this.#said.filter(({ by }) => by === device).slice(-5);
    if (own.length === 0) return;
    const { id } = this.#random.pick(own);
    if (this.#random.happens(0.6)) device.edit(id, `edited ${randomUUID()}`);
    else device.revoke(id);
  }

  #say(device: Device): void {
    const to = this.#placeFor(device);
    const id = randomUUID();
    device.say(to, id, `said ${id}`);
    this.#said.push({ by: device, id });
    this.conversations.add('dialect' in to ? singleOf(device.person, to) : to.id);
  }

  /** A room's client knows of rooms only, and a desk's of chats that exist. */
  #placeFor({ person }: Device): Place {
    if (person.dialect === 'room' || person.dialect === 'desk' || this.#random.happens(0.5))
      return this.#group;
    const others = this.#devices.map((device) => device.person);
    return this.#random.pick(others.filter((other) => other !== person && other.dialect !== 'room'));
  }
}

import type { ChangeOptions, PinCommand } from './message-changes.ts';
import type { SendCommand } from './messages.ts';
import type { Principal } from './model.ts';

/** The commands that pass a gate before the core looks at what they are about, by name. */
export interface GatedCommands {
  readonly 'message.send': SendCommand;
  readonly 'message.edit': MessageCommand & { readonly text: string };
  readonly 'message.recall': MessageCommand;
  readonly 'message.hide': MessageCommand;
  readonly 'message.pin': PinCommand;
  readonly 'message.read': MessageCommand & {
    /** All of its conversation up to the message. */
    readonly upTo?: true;
  };
}
export type CommandName = keyof GatedCommands;

/** A command on a message that was sent; `ref` is any id its actor knows it by. */
export interface MessageCommand extends ChangeOptions {
  readonly ref: string;
}

/** Where others than the core have a say in what is asked of it, whatever the dialect. */
export interface CommandGate {
  /**
   * Gives the command as it is to be carried out: itself, and at once, where nobody has a say in it. What a command
   * does not change is the same object after it as before. Rejects with a `DomainError`.
   *
   * Commands of one user pass in the order they came.
   */
  pass<Name extends CommandName>(
    name: Name,
    actor: Principal,
    command: GatedCommands[Name],
  ): GatedCommands[Name] | Promise<GatedCommands[Name]>;

  /**
   * For a command that nobody has a say in, and that must not overtake those that passed before it: resolves once all of
   * the actor's have passed. Undefined where none is on its way.
   */
  turn(actor: Principal): Promise<void> | undefined;
}

/** Nobody has a say. */
export const OPEN_GATE: CommandGate = {
  pass: (_name, _actor, command) => command,
  turn: () => undefined,
};

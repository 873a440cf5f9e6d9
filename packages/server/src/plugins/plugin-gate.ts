import type { CommandGate, CommandName, GatedCommands } from '../core/command-gate.ts';
import { addedTypeOf } from '../core/content.ts';
import type { SendCommand } from '../core/messages.ts';
import type { Content, Principal } from '../core/model.ts';
import { changedContent } from './changes.ts';
import type { MessageTypes } from './message-types.ts';
import { isOfPlugin, type Panel } from './panel.ts';
import { Turns } from './turns.ts';

export interface PluginGateDeps {
  readonly panel: Panel;
  readonly types: MessageTypes;
  /** The dialect of a live session. */
  dialectOf(sessionId: string): string | undefined;
}

/** Lets plug-ins have their say in commands, and contents of added types through only where they fit. */
export class PluginGate implements CommandGate {
  readonly #deps: PluginGateDeps;
  readonly #turns = new Turns();

  constructor(deps: PluginGateDeps) {
    this.#deps = deps;
  }

  pass<Name extends CommandName>(
    name: Name,
    actor: Principal,
    command: GatedCommands[Name],
  ): GatedCommands[Name] | Promise<GatedCommands[Name]> {
    const { panel, types } = this.#deps;
    const { tenant } = actor;
    const dialect = this.#dialectOf(command);
    const asked = panel.wanting(name, { tenant, ...(dialect === undefined ? {} : { dialect }) });
    const keys = turnsOf(actor);
    const isChecked = isSend(command) && types.has(addedTypeOf(command.content));
    if (asked.length === 0 && !isChecked && this.#turns.isFree(keys)) return command;
    const passing = this.#pass(name, command, asked, (given) => ({
      user: actor,
      ...(dialect === undefined ? {} : { dialect }),
      ...given,
    }));
    // A plug-in may send while the same user's command waits for it: neither could go on.
    return dialect !== undefined && isOfPlugin(dialect) ? passing : this.#turns.take(keys, passing);
  }

  turn(actor: Principal): Promise<void> | undefined {
    const keys = turnsOf(actor);
    return this.#turns.isFree(keys) ? undefined : this.#turns.take(keys, Promise.resolve());
  }

  async #pass<Name extends CommandName>(
    name: Name,
    input: GatedCommands[Name],
    asked: ReturnType<Panel['wanting']>,
    view: (given: GatedCommands[Name]) => unknown,
  ): Promise<GatedCommands[Name]> {
    const passed = await this.#deps.panel.ask({ name, asked, input, view, apply });
    return isSend(passed) ? ((await this.#typed(passed)) as GatedCommands[Name]) : passed;
  }

  /** A content that names an added type is of it, whatever type the dialect has for what applications make up. */
  async #typed(command: SendCommand): Promise<SendCommand> {
    const { content } = command;
    const name = addedTypeOf(content);
    if (name === undefined || !this.#deps.types.has(name)) return command;
    await this.#deps.types.check(name, content.extra);
    return content.type === 'custom' ? command : { ...command, content: { ...content, type: 'custom' } };
  }

  #dialectOf(command: GatedCommands[CommandName]): string | undefined {
    if (isSend(command)) return command.source;
    const { originSession } = command;
    return originSession === undefined ? undefined : this.#deps.dialectOf(originSession);
  }
}

function turnsOf({ tenant, userId }: Principal): string[] {
  return [`${tenant}/${userId}`];
}

function isSend(command: GatedCommands[CommandName]): command is SendCommand {
  return 'source' in command;
}

function apply<Command extends GatedCommands[CommandName]>(command: Command, change: object): Command {
  if (!isSend(command)) return { ...command, ...change };
  const { content } = change as { content: Partial<Content> };
  return { ...command, content: changedContent(command.content, content) };
}

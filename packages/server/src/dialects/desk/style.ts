import { isChatCommand, isDeskCommand } from './commands.ts';

/** The protocol's own style, or that of clients of other servers, which begin with `/app/chat.…`. */
type Style = 'own' | 'chat';

/** In which of its two styles a session is told. */
export class StyleChoice {
  readonly #changed: () => void;
  #style: Style = 'own';
  /** Whether the client has sent something that says which. */
  #isSettled = false;

  /** @param changed called whenever the session is told in the other one from now on */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get isChat(): boolean {
    return this.#style === 'chat';
  }

  /** Until the client sends something, it is taken for one that uses what it waits for. */
  guessChat(): void {
    if (!this.#isSettled) this.#become('chat');
  }

  /** The first command of the session says which style its client speaks. */
  settle(destination: string): void {
    if (this.#isSettled || !isDeskCommand(destination)) return;
    this.#isSettled = true;
    this.#become(isChatCommand(destination) ? 'chat' : 'own');
  }

  #become(style: Style): void {
    if (style === this.#style) return;
    this.#style = style;
    this.#changed();
  }
}

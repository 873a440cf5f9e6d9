import { change, definePlugin } from '../api.ts';
import { rewritten } from './content-strings.ts';
import { textOf } from './html-text.ts';

interface Options {
  /** Whether strings beside the text are stripped too. */
  readonly extra?: boolean;
}

/** Takes HTML out of messages, so that a page that shows them carelessly shows no more than text. */
export default definePlugin<Options>({
  options: { type: 'object', additionalProperties: false, properties: { extra: { type: 'boolean' } } },
  setup({ extra = false }) {
    return {
      intercept: {
        'message.send'({ content }) {
          const stripped = rewritten(content, textOf, extra);
          return stripped ? change({ content: stripped }) : undefined;
        },
        'message.edit'({ text }) {
          const stripped = textOf(text);
          return stripped === text ? undefined : change({ text: stripped });
        },
      },
    };
  },
});

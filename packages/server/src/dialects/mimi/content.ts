import type { Content, ContentType, JsonValue } from '../../core/model.ts';

/** What stands before a content that is no text, as Chinese chat clients show it in their lists. */
const LABELS: Readonly<Record<Exclude<ContentType, 'text'>, string>> = {
  image: '[图片]',
  file: '[文件]',
  voice: '[语音]',
  video: '[视频]',
  location: '[位置]',
  card: '[名片]',
  custom: '[消息]',
};

type Extra = { readonly [name: string]: JsonValue };

/** The content as a text that a person can read: of a file its name and address, of a place what it is called. */
export function textOf({ type, text, extra }: Content): string {
  if (type === 'text') return text;
  const known = typeof extra === 'object' && extra !== null && !Array.isArray(extra) ? extra : {};
  const parts = [LABELS[type], text, ...WORDS[type](known)];
  return [...new Set(parts.filter((part) => part !== ''))].join(' ');
}

/** What is worth reading beside the text. */
const WORDS: Readonly<Record<Exclude<ContentType, 'text'>, (extra: Extra) => string[]>> = {
  image: ({ text, url }) => [word(text), word(url)],
  file: ({ text, name, url }) => [word(text), word(name), word(url)],
  voice: ({ text, url }) => [word(text), word(url)],
  video: ({ text, url }) => [word(text), word(url)],
  location: ({ text, address, latitude, longitude }) => [
    word(text),
    word(address),
    typeof latitude === 'number' && typeof longitude === 'number' ? `(${latitude}, ${longitude})` : '',
  ],
  card: ({ text, nickname, userId }) => [word(text), word(nickname), word(userId)],
  custom: ({ text }) => [word(text)],
};

function word(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

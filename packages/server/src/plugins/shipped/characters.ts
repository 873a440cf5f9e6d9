/** Unicode's default-ignorable characters (UAX 44), format characters, and controls that end no line and are no tab. */
const UNSEEN = /^(?:\p{Default_Ignorable_Code_Point}|\p{Cf}|(?![\t-\r\x85])\p{Cc})$/u;

/** Whether a reader sees nothing of a character: it would only keep a word from being found. */
export function isUnseen(character: string): boolean {
  return UNSEEN.test(character);
}

/** Scripts that separate words: `ass` is no part of `class`. Chinese does not, and matches anywhere. */
const SPELLED = /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}]$/u;

export function isSpelled(point: number): boolean {
  return SPELLED.test(String.fromCodePoint(point));
}

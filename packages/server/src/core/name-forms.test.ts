import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NAME_FORM, OPTIONAL_NAME_FORM, USERNAME_FORM } from './name-forms.ts';
import { requireName, requireUsername } from './names.ts';

const FORMS: readonly (readonly [name: string, form: string, read: (text: string) => unknown])[] = [
  ['a name', NAME_FORM, (text) => requireName(text, 'name', { max: 64 })],
  [
    'a name that may be empty',
    OPTIONAL_NAME_FORM,
    (text) => requireName(text, 'name', { max: 64, mayBeEmpty: true }),
  ],
  ['a username', USERNAME_FORM, requireUsername],
];

for (const [name, form, read] of FORMS) {
  const documented = new RegExp(form, 'u');
  const differs = (text: string) => documented.test(text) !== isTaken(read, text);

  test(`the documented form of ${name} agrees with what is taken, character by character`, () => {
    const different: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      if ((code >= 0xd800 && code <= 0xdfff) || isUnassigned(code)) continue;
      const character = String.fromCodePoint(code);
      if (differs(character) || differs(`a${character}`)) different.push(code.toString(16));
    }
    assert.deepEqual(different, []);
  });

  test(`the documented form of ${name} agrees with what is taken of whole texts`, () => {
    const england = '\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}';
    const texts = [
      '',
      ' ',
      '\u3164',
      ' a ',
      'a b',
      'a\nb',
      england,
      `${england}a`,
      '\u{1f3f4}\u{e0067}',
      '\u{1f3f4}',
      `${england}\u{e0067}`,
      `a\u{e007f}`,
    ];
    for (const text of texts) assert.equal(differs(text), false, JSON.stringify(text));
  });
}

/** Of the planes 4 to 13 all but the last two characters of each, which are noncharacters. */
function isUnassigned(code: number): boolean {
  return code >= 0x40000 && code < 0xe0000 && (code & 0xffff) < 0xfffe;
}

function isTaken(read: (text: string) => unknown, text: string): boolean {
  try {
    read(text);
    return true;
  } catch {
    return false;
  }
}

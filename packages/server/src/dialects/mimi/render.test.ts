import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Content, Message } from '../../core/model.ts';
import { groupMessage } from '../../hub/message-fixture.ts';
import { textOf } from './content.ts';
import { renderMessage } from './render.ts';

const EXAMPLE: Partial<Message> = {
  number: 255,
  parties: {
    sender: { name: 'wususu', uid: 1, nickname: '', avatar: '' },
    target: { name: 'liaojiekx', uid: 2, nickname: '', avatar: '' },
  },
  clientId: '34330e6e473c583354421ef814bcea13022d8a06',
  content: { type: 'text', text: '起来聊天', extra: null },
  createdAt: 1_504_712_402_000,
};

test("the document's example of a message", () => {
  assert.deepEqual(renderMessage(groupMessage(1, EXAMPLE)), {
    id: 255,
    chatID: '34330e6e473c583354421ef814bcea13022d8a06',
    sender: 'wususu',
    reciver: 'liaojiekx',
    content: '起来聊天',
    time: 1_504_712_402_000,
    senderId: 1,
    reciverId: 2,
  });
});

test('a message that was taken back has no content', () => {
  for (const state of ['recalled', 'deleted'] as const) {
    assert.equal(renderMessage(groupMessage(1, { ...EXAMPLE, state })).content, '');
  }
});

test('what is no text is told in words that a person can read', () => {
  const url = 'https://example.com/a';
  const cases: [content: Omit<Content, 'extra'> & { extra?: Content['extra'] }, text: string][] = [
    [{ type: 'image', text: 'a picture', extra: { url, width: 5 } }, `[图片] a picture ${url}`],
    [{ type: 'image', text: url }, `[图片] ${url}`],
    [{ type: 'image', text: url, extra: { url } }, `[图片] ${url}`],
    [{ type: 'image', text: '', extra: { url, text: 'of xuqm' } }, `[图片] of xuqm ${url}`],
    [{ type: 'file', text: '', extra: { name: '报告.pdf', url } }, `[文件] 报告.pdf ${url}`],
    [{ type: 'voice', text: '', extra: { url, duration: 3 } }, `[语音] ${url}`],
    [{ type: 'video', text: 'look', extra: { url: 7 } }, '[视频] look'],
    [
      { type: 'location', text: '', extra: { address: '人民广场', latitude: 31.2, longitude: 121.5 } },
      '[位置] 人民广场 (31.2, 121.5)',
    ],
    [{ type: 'card', text: '', extra: { userId: 'carol', nickname: 'Carol' } }, '[名片] Carol carol'],
    [{ type: 'custom', text: '', extra: { anything: { deep: [1] } } }, '[消息]'],
    [{ type: 'custom', text: 'said', extra: [1] }, '[消息] said'],
  ];
  for (const [{ extra = null, ...content }, text] of cases) assert.equal(textOf({ ...content, extra }), text);
});

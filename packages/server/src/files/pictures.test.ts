import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import sharp from 'sharp';
import type { PictureSource } from '../core/ports/pictures.ts';
import type { Timers } from '../core/ports/timers.ts';
import { PictureFault } from './picture-process.ts';
import { PictureWorker, type PictureWorkerOptions } from './picture-worker.ts';
import { openPictures } from './pictures.ts';
import { HTML, heic, jpeg, png, pngBomb, type Shown, SVG } from './samples-fixture.ts';

const TIMERS: Timers = {
  after(delay, run) {
    const timer = setTimeout(run, delay);
    return () => clearTimeout(timer);
  },
};
const MIB = 1_048_576;
const CONFIG = {
  maxPicturePixels: 1_000_000,
  pictureMemory: 512 * MIB,
  pictureTimeout: 30_000,
  maxPicturesWaiting: 8,
};

const faults: Error[] = [];
const pictures = openPictures(CONFIG, {
  timers: TIMERS,
  onFault: (fault) => faults.push(fault),
  onUnfit(error) {
    throw error;
  },
});
after(() => pictures.close());

function sourceOf(bytes: Uint8Array): PictureSource {
  return { size: bytes.length, open: async () => Readable.from([Buffer.from(bytes)], { objectMode: false }) };
}

function red(width: number, height: number) {
  return sharp({ create: { width, height, channels: 3, background: 'red' } });
}

async function sizeOf(bytes: Buffer): Promise<readonly unknown[]> {
  const size = await pictures.measure(sourceOf(bytes));
  return [size?.width, size?.height];
}

const HEICS: readonly (readonly [what: string, shown: Shown, width: number, height: number])[] = [
  ['as it is', {}, 400, 300],
  ['turned', { quarters: 1 }, 300, 400],
  ['turned upside down', { quarters: 2 }, 400, 300],
  ['mirrored', { isMirrored: true }, 400, 300],
  ['cropped', { crop: [200, 100] }, 200, 100],
  ['cropped and turned', { crop: [200, 100], quarters: 3 }, 100, 200],
];
for (const [what, shown, width, height] of HEICS) {
  test(`a HEIC that is stored to be shown ${what} is ${width} by ${height}`, async () => {
    assert.deepEqual(await sizeOf(heic(400, 300, shown)), [width, height]);
  });
}

for (const format of ['avif', 'webp', 'png', 'tiff', 'jpeg'] as const) {
  test(`${format} that is stored turned is measured as shown`, async () => {
    const stored = red(60, 40).withMetadata({ orientation: 6 });
    assert.deepEqual(await sizeOf(await stored[format]().toBuffer()), [40, 60]);
  });
}

test('a smaller picture is upright, fits its box, and is not larger than the picture', async () => {
  const stored = await red(600, 400).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  const widths = [160, 1280].map(async (width) => {
    const made = await pictures.shrink(sourceOf(stored), { width, height: width * 4 });
    const { format, orientation, ...size } = await sharp(made).metadata();
    return [format, orientation, size.width, size.height];
  });
  assert.deepEqual(await Promise.all(widths), [
    ['webp', undefined, 160, 240],
    ['webp', undefined, 400, 600],
  ]);
  const page = await pictures.shrink(sourceOf(png(100, 5000)), { width: 320, height: 1280 });
  assert.equal((await sharp(page).metadata()).height, 1280);
});

const UNDECODABLE: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['a HEIC, for which there is no decoder', heic(400, 300)],
  ['a picture of too many pixels', png(1001, 1000)],
  ['a picture that says it has very many pixels', pngBomb()],
  ['a damaged picture', jpeg(800, 600)],
  ['an SVG', SVG],
  ['a page', HTML],
];
for (const [what, bytes] of UNDECODABLE) {
  test(`${what} is not made smaller, and others are afterwards`, async () => {
    assert.equal(await pictures.shrink(sourceOf(bytes), { width: 160, height: 640 }), undefined);
    assert.ok(await pictures.shrink(sourceOf(png(200, 200)), { width: 160, height: 640 }));
  });
}

test('a file of more than a quarter of the memory is not given to the decoder', async () => {
  const source = { size: CONFIG.pictureMemory / 4 + 1, open: () => assert.fail('it was read') };
  assert.equal(await pictures.shrink(source, { width: 160, height: 640 }), undefined);
});

test('what keeps a file from being read is told, and the next picture is decoded', async () => {
  const broken = { size: 10, open: async () => Readable.from([Buffer.alloc(5)], { objectMode: false }) };
  await assert.rejects(pictures.shrink(broken, { width: 160, height: 640 }), { code: 'EINTERNAL' });
  assert.ok(await pictures.shrink(sourceOf(png(200, 200)), { width: 160, height: 640 }));
});

/** A worker of the test's own. */
async function withWorker(
  options: Partial<PictureWorkerOptions>,
  run: (worker: PictureWorker) => Promise<void>,
): Promise<void> {
  const worker = new PictureWorker({
    timers: TIMERS,
    memory: 512 * MIB,
    pixels: 1_000_000,
    time: 30_000,
    maxWaiting: 8,
    onUnfit() {},
    ...options,
  });
  try {
    await run(worker);
  } finally {
    await worker.close();
  }
}

const MEASURE = { kind: 'measure' } as const;

test('a picture that takes too long ends the process, and the next one has a new process', async () => {
  // The first picture has no time at all, not even for the start of the process.
  const times = [1, 1];
  const timers: Timers = { after: (delay, run) => TIMERS.after(times.pop() ?? delay, run) };
  await withWorker({ timers }, async (worker) => {
    await assert.rejects(worker.run(MEASURE, sourceOf(png(3, 2))), /in time|longer than/);
    times.length = 0;
    const { width } = JSON.parse(String(await worker.run(MEASURE, sourceOf(png(3, 2)))));
    assert.equal(width, 3);
  });
});

test('a process that needs too much memory is ended', async () => {
  await withWorker({ memory: MIB }, async (worker) => {
    await assert.rejects(worker.run(MEASURE, sourceOf(png(3, 2))), PictureFault);
  });
});

test('more pictures than may wait are refused', async () => {
  const opened = Promise.withResolvers<Readable>();
  await withWorker({ maxWaiting: 1 }, async (worker) => {
    const first = worker.run(MEASURE, { size: png(3, 2).length, open: () => opened.promise });
    const second = worker.run(MEASURE, sourceOf(png(4, 2)));
    await assert.rejects(worker.run(MEASURE, sourceOf(png(5, 2))), { code: 'ERATE', limit: 1 });
    opened.resolve(Readable.from([png(3, 2)], { objectMode: false }));
    const answers = (await Promise.all([first, second])).map((answer) => JSON.parse(String(answer)).width);
    assert.deepEqual(answers, [3, 4]);
    assert.equal(worker.depth, 0);
  });
});

test('a stop ends what runs and what waits', async () => {
  await withWorker({}, async (worker) => {
    const never = { size: 1, open: () => new Promise<Readable>(() => {}) };
    const waiting = [worker.run(MEASURE, never), worker.run(MEASURE, never)].map((task) =>
      assert.rejects(task, { code: 'EINTERNAL' }),
    );
    await worker.close();
    await Promise.all(waiting);
  });
});

/** Runs this program in the decoder's place. */
async function withProgram(program: string, run: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'haina-pictures-'));
  try {
    const path = join(folder, 'program.mjs');
    await writeFile(path, program);
    await run(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('where pictures can not be decoded that is told once, and nothing is tried any more', async () => {
  const answer = 'process.stdin.resume(); process.stdout.write(Buffer.from([0, 0, 0, 3, 2, 110, 111]));';
  await withProgram(answer, async (program) => {
    const told: string[] = [];
    await withWorker({ program, onUnfit: ({ message }) => told.push(message) }, async (worker) => {
      for (let turn = 0; turn < 3; turn++) {
        await assert.rejects(worker.run(MEASURE, sourceOf(png(3, 2))), { name: 'NoDecoder', message: 'no' });
      }
      assert.deepEqual(told, ['no']);
    });
  });
});

const HOSTILE: readonly (readonly [what: string, program: string])[] = [
  ['ends', 'process.exit(3)'],
  [
    'answers more than it may',
    'process.stdout.write(Buffer.from([255, 255, 255, 255])); process.stdin.resume()',
  ],
  ['closes its input', "import { closeSync } from 'node:fs'; closeSync(0); process.exit(0)"],
];
for (const [what, program] of HOSTILE) {
  test(`a decoder that ${what} is a fault of the picture`, async () => {
    await withProgram(program, async (path) => {
      await withWorker({ program: path }, async (worker) => {
        await assert.rejects(worker.run(MEASURE, sourceOf(png(3, 2))), PictureFault);
      });
    });
  });
}

test('a decoder sees nothing of the environment of the server', async () => {
  const tell =
    "process.stdin.once('data', () => { const t = JSON.stringify(process.env); const h = Buffer.alloc(5); h.writeUInt32BE(t.length + 1); process.stdout.write(h); process.stdout.write(t); });";
  process.env.HAINA_TEST_SECRET = 'a secret';
  try {
    await withProgram(tell, async (program) => {
      await withWorker({ program }, async (worker) => {
        const seen = String(await worker.run(MEASURE, sourceOf(png(3, 2))));
        assert.ok(
          Object.keys(JSON.parse(seen)).every((key) => ['SystemRoot', 'MALLOC_ARENA_MAX'].includes(key)),
          seen,
        );
      });
    });
  } finally {
    delete process.env.HAINA_TEST_SECRET;
  }
});

// Runs Schemathesis (on the PATH) against a server of its own in demo mode; what is given goes to `schemathesis run`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startTestServer } from '../../packages/server/test/support/server.ts';
import { TEST_SECRET } from '../../packages/server/test/support/token.ts';

const server = await startTestServer({ loginTries: 0 });
const args = ['run', `${server.url}/docs/json`, '--checks', 'all', '--continue-on-failure'];
const tool = spawn('schemathesis', [...args, ...process.argv.slice(2)], {
  cwd: import.meta.dirname,
  env: {
    ...process.env,
    HAINA_SECRET: TEST_SECRET,
    SCHEMATHESIS_HOOKS: 'hooks',
    PYTHONPATH: import.meta.dirname,
    PYTHONDONTWRITEBYTECODE: '1',
  },
  stdio: 'inherit',
});
try {
  const [code] = await once(tool, 'exit');
  process.exitCode = code ?? 1;
} finally {
  await server.stop();
}

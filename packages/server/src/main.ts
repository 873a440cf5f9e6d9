import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Compiled code is kept beside the packages: starts after the first are faster. Where it can't be kept, nothing is lost.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'haina'));

const { runCommandLine } = await import('./cli/program.ts');
await runCommandLine(process.argv);

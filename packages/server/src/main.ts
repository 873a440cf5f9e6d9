import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Compiled code is kept beside the packages: starts after the first are faster. Where it can't be kept, nothing is lost.
// Threads find the place in the variable.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '..', 'node_modules', '.cache', 'haina');
enableCompileCache(process.env.NODE_COMPILE_CACHE);

const { runCommandLine } = await import('./cli/program.ts');
await runCommandLine(process.argv);

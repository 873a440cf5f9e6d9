import { Command } from 'commander';
import { VERSION } from '../version.ts';
import { addBackup, addRestore } from './backup.ts';
import { addCopy } from './copy.ts';
import { addMigrate } from './database.ts';
import { addDoctor } from './doctor.ts';
import { describeFailure } from './failure.ts';
import { addServe } from './serve.ts';
import { addToken } from './token.ts';

const HELP_WIDTH = 110;

/** Runs a command line; ends the process with 1, after one line on standard error, if it fails. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  try {
    await buildProgram().parseAsync(argv);
  } catch (error) {
    const line = describeFailure(error);
    console.error(line === undefined ? error : `haina: ${line}`);
    // What was started until the failure must not keep the process alive.
    process.exit(1);
  }
}

function buildProgram(): Command {
  const program = new Command('haina')
    .description('haina, one message server for every client.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'haina: ')),
      getOutHelpWidth: () => Math.min(process.stdout.columns ?? HELP_WIDTH, HELP_WIDTH),
    });
  addServe(program);
  addToken(program);
  addMigrate(program);
  addDoctor(program);
  addCopy(program);
  addBackup(program);
  addRestore(program);
  return program;
}

import { styleText } from 'node:util';
import { DEMO_ACCOUNTS, DEMO_GROUP } from '../demo.ts';
import type { Endpoint } from '../http/routes/home.ts';

const LABEL_WIDTH = 11;
const COLUMN_WIDTH = 38;

/** What a new user may want to know of a demo server: addresses, accounts, and a line to try at once. */
export function demoBanner(url: string, endpoints: readonly Endpoint[]): string {
  const reachable = url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
  const lines = [
    ...section('Endpoints', [
      ...endpoints.map(({ path, summary }) => column(`${reachable.replace(/^http/, 'ws')}${path}`, summary)),
      column(`${reachable}/docs`, 'HTTP API, to read and to try'),
    ]),
    ...section('Accounts', [
      ...accountsOf('default'),
      dim(`the password is the name; the group "${DEMO_GROUP}" has them all`),
      ...accountsOf('ak_demo_chat'),
    ]),
    ...section('Try', [
      green(
        `curl -s ${reachable}/api/v1/login -H 'content-type: application/json' -d '{"username":"alice","password":"alice"}'`,
      ),
    ]),
    ...(reachable === url && /\/\/(127\.|\[::1\]|localhost)/.test(url)
      ? []
      : section('Careful', ['everybody who can reach this address can log in with these passwords'])),
  ];
  return `\n${lines.join('\n')}\n`;
}

function accountsOf(tenant: string): string[] {
  const accounts = DEMO_ACCOUNTS.filter((account) => account.tenant === tenant);
  const roles = [...new Set(accounts.map(({ role }) => role))];
  const groups = roles.map((role) => {
    const names = accounts.filter((account) => account.role === role).map(({ name }) => name);
    return `${bold(names.join(' '))} ${dim(`(${role})`)}`;
  });
  return [`${groups.join('  ')}${tenant === 'default' ? '' : dim(` in the application "${tenant}"`)}`];
}

function section(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `  ${cyan((index === 0 ? label : '').padEnd(LABEL_WIDTH))}${line}`);
}

function column(text: string, meaning: string): string {
  return `${bold(text.padEnd(COLUMN_WIDTH))} ${dim(meaning)}`;
}

// styleText leaves texts plain where standard output is no terminal or NO_COLOR is set.
const bold = (text: string): string => styleText('bold', text);
const dim = (text: string): string => styleText('dim', text);
const cyan = (text: string): string => styleText('cyan', text);
const green = (text: string): string => styleText('green', text);

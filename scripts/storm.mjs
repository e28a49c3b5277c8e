// npm run storm: everything goes wrong at once, and at the end three ledgers are compared (test/storm). The harness is TypeScript that is
// compiled as it is loaded; what it tests is dist/.
import { register } from 'node:module';
import process from 'node:process';
import 'reflect-metadata';

register('../test/support/typescript-loader.mjs', import.meta.url);
const { main } = await import('../test/storm/main.ts');
process.exitCode = await main(process.argv.slice(2));

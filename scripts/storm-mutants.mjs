// npm run storm:mutants: shows that the storm finds bugs (test/storm/mutants.ts), compiled as it is loaded.
import { register } from 'node:module';
import process from 'node:process';

register('../test/support/typescript-loader.mjs', import.meta.url);
const { main } = await import('../test/storm/mutants.ts');
process.exitCode = await main(process.argv.slice(2));

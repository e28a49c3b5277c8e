import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CatalogueRow, ERROR_CATALOGUE } from '../../src/klarna/error-catalogue.js';

const API_NAMES: Record<CatalogueRow['api'], string> = {
  payments: 'Payments',
  'customer-token': 'Customer Token',
  checkout: 'Checkout',
  'order-management': 'Order Management',
  'hosted-payment-page': 'Hosted Payment Page',
  all: 'all',
};

/** A row as the document has it. */
function lineOf({ api, status, code, says, means, retry, settles }: CatalogueRow): string {
  const codes = code === null ? '–' : `\`${code}\`${says === undefined ? '' : ` "...${says}..."`}`;
  return `| ${API_NAMES[api]} | ${status ?? '–'} | ${codes} | ${means} | ${retry} | ${settles === true ? 'yes' : ''} |`;
}

it('docs/errors.md holds exactly the errors that the code knows', () => {
  const document = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'), 'utf8');
  const rows = document.split('\n').filter((line) => line.startsWith('| '));
  expect(rows.slice(2)).toEqual(ERROR_CATALOGUE.map(lineOf));
});

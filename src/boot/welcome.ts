import type { Settings } from '../config/settings.js';

const FIRST_ORDER = {
  purchase_country: 'SE',
  purchase_currency: 'SEK',
  locale: 'sv-SE',
  order_amount: 10000,
  order_tax_amount: 2000,
  order_lines: [{ name: 'Running shoes', quantity: 1, unit_price: 10000, tax_rate: 2500, total_amount: 10000, total_tax_amount: 2000 }],
};

/** What a person reads after the start: where to click, and one first request to copy. */
export function welcome(settings: Settings, url: string): string {
  const { username, password } = settings.apiCredentials;
  const lines = ['', `Klarna Merchant Gateway is running.  API  ${url}`, `Swagger UI       ${url}/docs`];
  if (settings.simulatorUrl !== undefined) {
    lines.push(
      `Shopper's page   ${settings.simulatorUrl}/`,
      '',
      '*** Klarna is the SIMULATOR: no money moves, nothing leaves this machine. ***',
      '*** Set KLARNA_BASE_URL, KLARNA_USERNAME and KLARNA_PASSWORD for the real one. ***',
    );
  }
  const login = settings.usesDemoCredentials ? `${username}:${password}` : `${username}:$API_PASSWORD`;
  lines.push(
    '',
    'A first request, to copy:',
    '',
    `curl -u ${login} -H 'Content-Type: application/json' ${url}/payments/v1/sessions -d '${JSON.stringify(FIRST_ORDER)}'`,
    '',
  );
  return lines.join('\n');
}

import { Injectable } from '@nestjs/common';
import { objectIn } from '../json.js';
import { CustomerTokenClient } from '../klarna/customer-token.client.js';
import { codeOf, type KlarnaExchange } from '../klarna/exchange.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import type { OperationContext } from '../operations/handler.js';
import { targetOf } from '../operations/sending.js';

export interface TokenLook {
  exchange: KlarnaExchange;
  /** In lower case; null when the exchange shows no token: unreachable, refused, not found, garbled. */
  status: string | null;
  /** Why there is none. */
  code: string | null;
}

/** Reads customer tokens for operations that have to be found out. */
@Injectable()
export class TokenReader {
  constructor(
    private readonly client: CustomerTokenClient,
    private readonly accounts: ProviderAccounts,
  ) {}

  async look(operation: OperationContext): Promise<TokenLook> {
    const account = await this.accounts.byId(operation.providerAccountId);
    const exchange = await this.client.readToken(account, targetOf(operation, 'customerToken'));
    const status = exchange.kind === 'answer' && exchange.status < 300 ? objectIn(exchange.body)?.['status'] : undefined;
    if (typeof status !== 'string') return { exchange, status: null, code: codeOf(exchange) };
    return { exchange, status: status.toLowerCase(), code: null };
  }
}

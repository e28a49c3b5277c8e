import { Injectable } from '@nestjs/common';
import { validate } from 'uuid';
import { Database } from '../persistence/database.js';
import type { OperationRow } from '../persistence/repositories/operation-rows.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { Controls, type Resolution } from './controls.js';
import { Refusal } from './errors.js';
import type { OperationView } from './operation-view.dto.js';
import { OperationViews } from './operation-views.js';
import { OperationReply } from './request.js';
import type { ResolveRequest } from './resolve.dto.js';

/** What people and scripts do with operations of their own merchant. */
@Injectable()
export class OperationDesk {
  constructor(
    private readonly database: Database,
    private readonly repository: OperationsRepository,
    private readonly controls: Controls,
    private readonly views: OperationViews,
  ) {}

  /** @throws Refusal NOT_FOUND, the same for another merchant's operation and for none */
  async read(caller: { merchantId: string }, id: string): Promise<OperationView> {
    return this.views.view(await this.#own(caller, id));
  }

  /** What is known of a `manual` operation and what a person can do, as text. @throws Refusal NOT_FOUND, OPERATION_STATE */
  async explanation(caller: { merchantId: string }, id: string): Promise<OperationReply> {
    const row = await this.#own(caller, id);
    const page = await this.views.page(row);
    if (page === null)
      throw new Refusal('OPERATION_STATE', [`Operation ${row.id} is ${row.state}: there is nothing to decide.`], { operationId: row.id });
    return new OperationReply(200, { 'Content-Type': 'text/plain; charset=utf-8' }, Buffer.from(page));
  }

  /** Withdraws what has not happened. @throws Refusal NOT_FOUND, OPERATION_STATE */
  async cancel(caller: { merchantId: string }, id: string): Promise<OperationView> {
    return this.#changed(await this.controls.cancel(await this.#own(caller, id)));
  }

  /** Runs it now, with the same key. @throws Refusal NOT_FOUND, OPERATION_STATE */
  async retry(caller: { merchantId: string }, id: string): Promise<OperationView> {
    return this.#changed(await this.controls.retry(await this.#own(caller, id)));
  }

  /** Settles a `manual` operation. @throws Refusal NOT_FOUND, OPERATION_STATE, BAD_VALUE */
  async resolve(caller: { merchantId: string }, id: string, request: ResolveRequest): Promise<OperationView> {
    const { outcome, reason } = request;
    const resolution: Resolution =
      outcome === 'succeeded' ? { outcome, providerId: request.provider_id ?? null, reason } : { outcome, reason };
    return this.#changed(await this.controls.resolve(await this.#own(caller, id), resolution));
  }

  async #changed(row: OperationRow): Promise<OperationView> {
    return this.views.view((await this.repository.find(this.database, row.id)) ?? row);
  }

  async #own(caller: { merchantId: string }, id: string): Promise<OperationRow> {
    const row = validate(id) ? await this.repository.find(this.database, id) : null;
    if (row?.merchant_id !== caller.merchantId) throw new Refusal('NOT_FOUND', ['There is no such operation.']);
    return row;
  }
}

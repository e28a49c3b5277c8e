import { readJson } from '../http/json-body.js';
import { isObject } from '../json.js';
import { errorCodeIn } from '../klarna/answer-of-record.js';
import { checkOrderLines } from '../order-lines/check.js';
import type { OrderLinesCheck } from '../order-lines/check.dto.js';
import { LINE_APIS } from '../order-lines/form.js';
import type { OperationRow } from '../persistence/repositories/operation-rows.js';
import { isOperationKind, policyOf } from './kinds.js';
import type { OperationRecords } from './record.js';

/**
 * What is wrong with the order lines of a request that Klarna refused with BAD_VALUE (400; 409 where it compares them with what was
 * authorized): computed from the recorded bytes whenever it is asked for, whatever the kind.
 * @returns null for any other end, for a request without order lines, and when the bodies were erased
 */
export function refusedLines(records: OperationRecords, row: OperationRow): OrderLinesCheck | null {
  if ((row.answer_status ?? 0) < 400 || !isOperationKind(row.kind)) return null;
  const { api } = policyOf(row.kind);
  const lineApi = LINE_APIS.find((name) => name === api);
  const refusal = records.answer(row)?.body;
  if (lineApi === undefined || !refusal || errorCodeIn(refusal) !== 'BAD_VALUE') return null;
  const request = records.request(row);
  const body = request && readJson(request);
  return isObject(body) && Array.isArray(body['order_lines']) ? checkOrderLines(lineApi, body) : null;
}

/** Our own refusals, in Klarna's codes. One filter in src/http turns them into the shape of the route they happened on. */
export const STATUS_BY_CODE = {
  BAD_REQUEST: 400,
  BAD_VALUE: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NO_SUCH_ORDER: 404,
  NO_SUCH_CAPTURE: 404,
  TOKEN_NOT_FOUND: 404,
  NOT_FOUND: 404,
  REQUEST_TIMEOUT: 408,
  OPERATION_PENDING: 409,
  OPERATION_WITHDRAWN: 409,
  OPERATION_STATE: 409,
  NOT_REPLAYABLE: 409,
  SECRET_IN_EXCHANGE: 409,
  TOO_MANY_ENDPOINTS: 409,
  REQUEST_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  IDEMPOTENCY_KEY_REUSED: 422,
  TOO_MANY_REQUESTS: 429,
  INTERNAL_SERVER_ERROR: 500,
  PROVIDER_CREDENTIALS: 502,
  TEMPORARILY_UNAVAILABLE: 503,
  GATEWAY_TIMEOUT: 504,
} as const;

export type ErrorCode = keyof typeof STATUS_BY_CODE;

export interface RefusalDetails {
  /** The operation that the caller should look at; becomes `Location: /operations/{id}` and `operation_id`. */
  operationId?: string;
  retryAfterMs?: number;
  cause?: unknown;
}

/**
 * A refusal to the caller. The messages name the thing and the numbers and never carry a secret, a token or a customer's details.
 */
export class Refusal extends Error {
  readonly status: number;

  constructor(
    readonly code: ErrorCode,
    readonly messages: readonly string[],
    readonly details: RefusalDetails = {},
  ) {
    super(messages.join(' '), { cause: details.cause });
    this.name = 'Refusal';
    this.status = STATUS_BY_CODE[code];
  }

  /** Whether the same request may be sent again as it is. */
  get retryable(): boolean {
    return this.status === 503 || this.status === 504 || this.status === 429 || this.status === 408 || this.code === 'OPERATION_PENDING';
  }
}

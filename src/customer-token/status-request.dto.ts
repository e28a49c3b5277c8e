import { OneOf } from '../http/fields.js';

/** What becomes of the token. There is no way back. */
export class TokenStatusRequest {
  @OneOf(['CANCELLED'], { required: true, description: 'CANCELLED: it can never be charged again', example: 'CANCELLED' })
  status!: string;
}

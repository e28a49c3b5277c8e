import { OneOf } from '../http/fields.js';

/** What becomes of the token. There is no way back. */
export class TokenStatusRequest {
  @OneOf(['CANCELLED'], { required: true, example: 'CANCELLED' })
  status!: string;
}

import { Text } from '../http/fields.js';

/** Further facts about the purchase. The same in all of Klarna's APIs. */
export class Attachment {
  @Text({ required: true, description: 'JSON in a text' })
  body!: string;

  @Text({ required: true, example: 'application/vnd.klarna.internal.emd-v2+json' })
  content_type!: string;
}

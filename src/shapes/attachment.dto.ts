import { Text } from '../http/fields.js';

/** Further facts about the purchase. The same in all of Klarna's APIs. */
export class Attachment {
  @Text({ required: true, description: 'The facts: JSON, written into a text' })
  body!: string;

  @Text({ required: true, description: 'Which form the JSON in body has', example: 'application/vnd.klarna.internal.emd-v2+json' })
  content_type!: string;
}

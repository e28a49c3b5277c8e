import { Text } from '../http/fields.js';

/** A color of what Klarna shows in the shop. @param of what is colored */
export function Color(of: string): PropertyDecorator {
  return Text({ pattern: /^#[A-Fa-f0-9]{6}$/, description: `Color of ${of}: # and six hexadecimal digits, red, green, blue` });
}

/** How round the corners are of what Klarna shows in the shop. */
export function CornerRadius(example: string): PropertyDecorator {
  return Text({ description: 'How round the corners of boxes and buttons are, in pixels', example });
}

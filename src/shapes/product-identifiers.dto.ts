import { Text } from '../http/fields.js';

/** What an article is called outside the shop. The same in all of Klarna's APIs. */
export class ProductIdentifiers {
  @Text({ max: 70, description: 'The brand as consumers know it', example: 'Intel' })
  brand?: string;

  @Text({ max: 750, description: "The article's place in the shop, from the general to the special", example: 'Computers > Tablets' })
  category_path?: string;

  @Text({ max: 64, description: 'Color of the article, as the shopper is to read it', example: 'Denim blue' })
  color?: string;

  @Text({ max: 50, description: 'GTIN (EAN, UPC, ISBN and the like), without dashes', example: '735858293167' })
  global_trade_item_number?: string;

  @Text({ max: 70, description: "The maker's part number, as exact as possible", example: 'BOXNUC5CPYH' })
  manufacturer_part_number?: string;

  @Text({ max: 64, description: 'Size of the article, as the shopper is to read it', example: '4' })
  size?: string;
}

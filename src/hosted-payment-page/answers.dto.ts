import { ApiProperty } from '@nestjs/swagger';

export class DistributionModule {
  @ApiProperty({ required: false })
  token?: string;

  @ApiProperty({ required: false })
  standalone_url?: string;

  @ApiProperty({ required: false })
  generation_url?: string;
}

/** What Klarna answers to a new page. Its URLs are Klarna's own: use them as they are. */
export class PageCreated {
  @ApiProperty({ description: "Klarna's id of the page" })
  session_id!: string;

  @ApiProperty({ required: false, description: 'Where the shopper pays: send the browser there' })
  redirect_url?: string;

  @ApiProperty({ required: false, description: 'The page as a resource at Klarna; here it has the same path' })
  session_url?: string;

  @ApiProperty({ required: false, description: 'An image of a QR code with the link, for a shopper in a shop' })
  qr_code_url?: string;

  @ApiProperty({ required: false, description: 'Where Klarna takes distributions; here it has the same path' })
  distribution_url?: string;

  @ApiProperty({ required: false, description: "Klarna's check of an identity document, in shops" })
  manual_identification_check_url?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'One hour before the payment session ends' })
  expires_at?: string;

  @ApiProperty({ required: false, type: DistributionModule })
  distribution_module?: DistributionModule;
}

/** Who pays, as far as Klarna tells. */
export class PageCustomer {
  @ApiProperty({ required: false })
  title?: string;

  @ApiProperty({ required: false })
  given_name?: string;

  @ApiProperty({ required: false })
  family_name?: string;

  @ApiProperty({ required: false, description: 'yyyy-mm-dd' })
  date_of_birth?: string;

  @ApiProperty({ required: false })
  national_identification_number?: string;
}

export class ManualIdentification {
  @ApiProperty({ required: false, description: 'What the shopper shows to be recognised' })
  challenge?: string;

  @ApiProperty({ required: false, type: PageCustomer })
  customer?: PageCustomer;

  @ApiProperty({ required: false, type: PageCustomer, description: 'The same, with parts blotted out' })
  customer_obfuscated?: PageCustomer;

  @ApiProperty({ required: false, format: 'date-time' })
  expires_at?: string;
}

/** A page as Klarna shows it. */
export class PageShown {
  @ApiProperty({ description: "Klarna's id of the page" })
  session_id!: string;

  @ApiProperty({
    enum: ['WAITING', 'IN_PROGRESS', 'MANUAL_ID_CHECK', 'FAILED', 'BACK', 'ERROR', 'COMPLETED', 'CANCELLED', 'DISABLED', 'TIMEOUT'],
    description: 'COMPLETED, CANCELLED, DISABLED and TIMEOUT are final. FAILED is not: the shopper may try again',
  })
  status!: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'When the status was last changed' })
  updated_at?: string;

  @ApiProperty({ required: false, format: 'date-time' })
  expires_at?: string;

  @ApiProperty({ required: false, description: 'COMPLETED with place_order_mode NONE: places the order, within about an hour' })
  authorization_token?: string;

  @ApiProperty({ required: false, description: 'COMPLETED with an order that Klarna has placed: names it in Order Management' })
  order_id?: string;

  @ApiProperty({ required: false, description: 'What the shopper knows the order by' })
  klarna_reference?: string;

  @ApiProperty({ required: false, type: PageCustomer })
  customer?: PageCustomer;

  @ApiProperty({ required: false, type: ManualIdentification })
  manual_identification?: ManualIdentification;
}

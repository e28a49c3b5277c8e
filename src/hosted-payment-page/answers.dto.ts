import { ApiProperty } from '@nestjs/swagger';

/** Klarna's own tool with which a shop hands out the link. */
export class DistributionModule {
  @ApiProperty({ required: false, description: 'Opens the tool for this page' })
  token?: string;

  @ApiProperty({ required: false, description: 'The tool as a page of its own' })
  standalone_url?: string;

  @ApiProperty({ required: false, description: 'Where the tool gets its token' })
  generation_url?: string;
}

/** What Klarna answers to a new page. Use its URLs as they are: what a shop calls is at this service, what a shopper sees at Klarna. */
export class PageCreated {
  @ApiProperty({ description: "Klarna's id of the page" })
  session_id!: string;

  @ApiProperty({ required: false, description: 'Where the shopper pays: send the browser there' })
  redirect_url?: string;

  @ApiProperty({ required: false, description: 'The page as a resource, at this service' })
  session_url?: string;

  @ApiProperty({ required: false, description: 'An image of a QR code with the link, for a shopper in a shop' })
  qr_code_url?: string;

  @ApiProperty({ required: false, description: 'Where distributions are taken, at this service' })
  distribution_url?: string;

  @ApiProperty({ required: false, description: "Klarna's check of an identity document, in shops" })
  manual_identification_check_url?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'One hour before the payment session ends' })
  expires_at?: string;

  @ApiProperty({ required: false, type: DistributionModule, description: "Klarna's own tool with which a shop hands out the link" })
  distribution_module?: DistributionModule;
}

/** Who pays, as far as Klarna tells. */
export class PageCustomer {
  @ApiProperty({ required: false, description: 'Form of address' })
  title?: string;

  @ApiProperty({ required: false, description: 'First name of the shopper' })
  given_name?: string;

  @ApiProperty({ required: false, description: 'Last name of the shopper' })
  family_name?: string;

  @ApiProperty({ required: false, description: 'yyyy-mm-dd' })
  date_of_birth?: string;

  @ApiProperty({ required: false, description: "The number that the shopper's country has given them" })
  national_identification_number?: string;
}

/** While the status is MANUAL_ID_CHECK: whose identity document the shop has to look at. */
export class ManualIdentification {
  @ApiProperty({ required: false, description: 'What the shopper shows to be recognised' })
  challenge?: string;

  @ApiProperty({ required: false, type: PageCustomer, description: 'Whom the document must name' })
  customer?: PageCustomer;

  @ApiProperty({ required: false, type: PageCustomer, description: 'The same, with parts blotted out' })
  customer_obfuscated?: PageCustomer;

  @ApiProperty({ required: false, format: 'date-time', description: 'Until when it can be looked at' })
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

  @ApiProperty({ required: false, format: 'date-time', description: 'Until when it can be paid on' })
  expires_at?: string;

  @ApiProperty({ required: false, description: 'COMPLETED with place_order_mode NONE: places the order, within about an hour' })
  authorization_token?: string;

  @ApiProperty({ required: false, description: 'COMPLETED with an order that Klarna has placed: names it in Order Management' })
  order_id?: string;

  @ApiProperty({ required: false, description: 'What the shopper knows the order by' })
  klarna_reference?: string;

  @ApiProperty({ required: false, type: PageCustomer, description: 'Who has paid' })
  customer?: PageCustomer;

  @ApiProperty({ required: false, type: ManualIdentification, description: 'The check that the shop has to make' })
  manual_identification?: ManualIdentification;
}

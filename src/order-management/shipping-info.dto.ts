import { OneOf, Text } from '../http/fields.js';

const SHIPPING_METHODS = [
  'PickUpStore',
  'Home',
  'BoxReg',
  'BoxUnreg',
  'PickUpPoint',
  'Own',
  'Postal',
  'DHLPackstation',
  'Digital',
  'Undefined',
  'PickUpWarehouse',
  'ClickCollect',
  'PalletDelivery',
] as const;

/** How a parcel travels, and how it would come back. */
export class ManagedShippingInfo {
  @Text({ max: 100, description: "The carrier, by its identifier in Klarna's list", example: 'dhl-express' })
  shipping_company?: string;

  @OneOf(SHIPPING_METHODS, { description: 'How the shopper gets it: Home is to the door, Digital is not a parcel at all', example: 'Home' })
  shipping_method?: string;

  @Text({ max: 100, description: "The carrier's number of the parcel, with which it can be followed", example: '63456415674545679874' })
  tracking_number?: string;

  @Text({
    max: 1024,
    description: 'Where the shopper can follow the parcel',
    example: 'https://carrier.example/parcels/63456415674545679874',
  })
  tracking_uri?: string;

  @Text({ max: 100, description: 'The carrier that would take it back, named like shipping_company', example: 'dhl-express' })
  return_shipping_company?: string;

  @Text({ max: 100, description: 'The number under which it would travel back', example: '93456415674545679888' })
  return_tracking_number?: string;

  @Text({ max: 1024, description: 'Where its way back can be followed', example: 'https://carrier.example/parcels/93456415674545679888' })
  return_tracking_uri?: string;
}

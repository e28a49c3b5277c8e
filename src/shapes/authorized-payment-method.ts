import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';

/** How the shopper pays, as an object. */
export class AuthorizedPaymentMethod {
  @ApiProperty({ description: "Klarna's word for the method; new ones come without notice", example: 'invoice' })
  type!: string;

  @ApiProperty({ type: 'integer', format: 'int32', required: false, description: 'Days until it is due', example: 30 })
  number_of_days?: number;

  @ApiProperty({ type: 'integer', format: 'int32', required: false, description: 'Parts in which it is paid', example: 3 })
  number_of_installments?: number;
}

/** A member of an answer that Klarna sends as an object or as a word; it is passed on as it came. */
export function EitherPaymentMethod(): PropertyDecorator {
  const describe = ApiProperty({
    required: false,
    description: 'How the shopper pays: an object, or its type alone as a word',
    oneOf: [{ $ref: getSchemaPath(AuthorizedPaymentMethod) }, { type: 'string' }],
  });
  return (target, key) => {
    // Swagger looks for further models at the class, not at its members.
    ApiExtraModels(AuthorizedPaymentMethod)(target.constructor);
    describe(target, key);
  };
}

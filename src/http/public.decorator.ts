import { SetMetadata } from '@nestjs/common';

export const PUBLIC = 'klarna-merchant-gateway:public';

/** A route that needs no credentials. */
export const Public = () => SetMetadata(PUBLIC, true);

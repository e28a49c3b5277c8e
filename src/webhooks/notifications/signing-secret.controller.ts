import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CallerOf } from '../../http/caller.decorator.js';
import { OwnRefusals } from '../../http/documented.js';
import type { Caller } from '../../merchants/caller.js';
import { SigningSecret } from './signing-secret.dto.js';
import { SigningSecretService } from './signing-secret.service.js';

@ApiTags('Notifications: endpoints')
@Controller('notifications/signing-secret')
export class SigningSecretController {
  constructor(private readonly secrets: SigningSecretService) {}

  @ApiOperation({
    summary: "Read the secret of messages to the shop's own URLs",
    description:
      "The provider's callbacks that are passed on to the URLs of `merchant_urls` carry the same signature headers as messages to endpoints.",
  })
  @ApiOkResponse({ type: SigningSecret })
  @OwnRefusals()
  @Get()
  read(@CallerOf() caller: Caller): Promise<SigningSecret> {
    return this.secrets.read(caller);
  }

  @ApiOperation({
    summary: 'Exchange that secret',
    description: 'For 24 hours every message carries two signatures, with the new secret and with the one before.',
  })
  @ApiOkResponse({ type: SigningSecret })
  @OwnRefusals('SECRET_IN_EXCHANGE')
  @HttpCode(200)
  @Post('rotate')
  rotate(@CallerOf() caller: Caller): Promise<SigningSecret> {
    return this.secrets.rotate(caller);
  }
}

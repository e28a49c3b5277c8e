import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How the provider's questions about checkouts were answered. */
export class CreateQuestionAnswers1795000000036 implements MigrationInterface {
  name = 'CreateQuestionAnswers1795000000036';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE question_answers (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL REFERENCES merchants,
        provider_account_id uuid NOT NULL REFERENCES provider_accounts,
        hook_id uuid NOT NULL,
        -- validation, address_update, country_change, shipping_option_update
        entry text NOT NULL,
        -- the checkout's, which the order keeps; null: the question did not say
        provider_order_id text,
        -- shop | fallback
        answered_by text NOT NULL,
        status integer NOT NULL,
        -- why the fallback answered; no word of the shopper's
        reason text,
        duration_ms integer NOT NULL,
        asked_at timestamptz NOT NULL,
        -- when it went into the order's timeline; null: there is no order yet
        told_at timestamptz,
        -- when an order is looked for again; null: it is told, or there will be none
        next_at timestamptz
      )`);
    await runner.query('CREATE INDEX question_answers_untold ON question_answers (next_at) WHERE next_at IS NOT NULL');
    await runner.query('CREATE INDEX question_answers_by_time ON question_answers (asked_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE question_answers');
  }
}

import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { EventEntity } from './event.entity.js';
import { MerchantEntity } from './merchant.entity.js';
import { NotificationEndpointEntity } from './notification-endpoint.entity.js';

/** One message to one receiver, until it was taken or given up. */
@Entity('deliveries')
@Index('deliveries_due', ['receiver', 'nextAt'], { where: `state = 'due'` })
@Index('deliveries_in_order', ['receiver', 'subject', 'sequence'], { where: `state = 'due'` })
@Index('deliveries_by_merchant', ['merchantId', 'state', 'id'])
@Index('deliveries_by_type', ['merchantId', 'type', 'state', 'id'])
@Index('deliveries_held', ['receiver'], { where: 'lease_until IS NOT NULL' })
@Index('deliveries_expiring', ['giveUpAt'], { where: `state = 'due'` })
@Index('deliveries_by_event', ['eventId'])
@Index('deliveries_by_callback', ['callbackId'], { unique: true })
@Index('deliveries_by_endpoint', ['endpointId', 'state', 'id'])
@Index('deliveries_by_endpoint_type', ['endpointId', 'type', 'state', 'id'])
@Index('deliveries_ended', ['endedAt'], { where: 'ended_at IS NOT NULL' })
export class DeliveryEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'deliveries_pkey' })
  id!: string;

  @ForeignKey(() => MerchantEntity, { name: 'deliveries_merchant_id_fkey' })
  @Column('uuid', { name: 'merchant_id' })
  merchantId!: string;

  @Column('text')
  receiver!: string;

  /** A registered endpoint; null: the caller's own URL. */
  @ForeignKey(() => NotificationEndpointEntity, { name: 'deliveries_endpoint_id_fkey' })
  @Column('uuid', { name: 'endpoint_id', nullable: true })
  endpointId!: string | null;

  /** Null: a callback of the provider's, passed on. */
  @ForeignKey(() => EventEntity, { name: 'deliveries_event_id_fkey' })
  @Column('uuid', { name: 'event_id', nullable: true })
  eventId!: string | null;

  @Column('uuid', { name: 'callback_id', nullable: true })
  callbackId!: string | null;

  /** Of its event; else the entry of the callback that is passed on. */
  @Column('text', { nullable: true })
  type!: string | null;

  /** The same for every attempt: the webhook-id. */
  @Column('text', { name: 'message_id' })
  messageId!: string;

  /** What orders it among others of one receiver; null: nothing does. */
  @Column('uuid', { nullable: true })
  subject!: string | null;

  @Column('bigint', { nullable: true })
  sequence!: string | null;

  @Column('text')
  method!: string;

  /** Sealed address of the caller's own URL, filled in; null: the endpoint's. */
  @Column('bytea', { nullable: true })
  url!: Buffer | null;

  /** Sealed, as it is sent; null: made from the event. */
  @Column('bytea', { nullable: true })
  body!: Buffer | null;

  /** Due | delivered | dead | cancelled. */
  @Column('text')
  state!: string;

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('integer')
  attempts!: number;

  @Column('timestamptz', { name: 'next_at', nullable: true })
  nextAt!: Date | null;

  /** On Postgres' clock: whose attempt it is, and until when. */
  @Column('integer')
  fence!: number;

  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil!: Date | null;

  @Column('timestamptz', { name: 'give_up_at' })
  giveUpAt!: Date;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;
}

import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Permission } from '#contracts/permissions.ts';
import type { Actor } from '../auth/actor.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the caller must hold; every route says one of these or the app refuses to start. */
    permission?: Permission | 'public' | 'signed_in';
  }
  interface FastifyRequest {
    /** Who calls; on a public route without credentials, a nameless system actor with no rights of its own. */
    actor: Actor;
  }
}

export type HttpInstance = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** A feature's routes, registered below /api/v1. */
export type Routes = (app: HttpInstance) => void;

import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyPluginOptions,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Principal } from '../core/model.ts';
import type { Logger } from '../observe/logger.ts';
import { ErrorSchema } from './schemas.ts';

/** A part of the HTTP server, with routes typed by their schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  Logger,
  TypeBoxTypeProvider
>;

/** Registers routes under a prefix, with hooks of their own. */
export type ApiPlugin = FastifyPluginAsync<
  FastifyPluginOptions,
  RawServerDefault,
  TypeBoxTypeProvider,
  Logger
>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Only on routes behind authentication. */
    principal: Principal;
  }
}

/** Refusals that any route can give, for its `response` schemas. */
export const REFUSALS = { '4xx': ErrorSchema, '5xx': ErrorSchema } as const;

/** Marks routes of the OpenAPI document that take a token. */
export const WITH_TOKEN = { security: [{ token: [] }] } as const;

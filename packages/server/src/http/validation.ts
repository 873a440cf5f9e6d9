import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { DomainError } from '../core/errors.ts';
import { lenient } from '../core/lenient.ts';

/**
 * Checks requests against their schemas. In bodies an optional field that is null is absent; texts of paths and queries
 * become numbers where the schema wants one. Schemas are compiled when first needed, which the start then does not wait for.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  let compiled: ReturnType<typeof Compile> | undefined;
  return (input: unknown) => {
    compiled ??= Compile(schema);
    if (httpPart === 'body' && compiled.Check(input)) return { value: input };
    const value =
      httpPart === 'body' ? lenient(schema, input, { scalars: false }) : withNumbers(schema, input);
    if (compiled.Check(value)) return { value };
    return { error: firstRefusal(compiled.Errors(value), httpPart ?? 'request') };
  };
};

/** Whole numbers in a path or query are texts at first; longer ones than `MAX_QUERY_NUMBER` stay so, and are refused. */
function withNumbers(schema: TSchema, input: unknown): unknown {
  const { properties = {} } = schema as { properties?: Readonly<Record<string, { readonly type?: string }>> };
  const entries = Object.entries(input as object).map(([name, text]) => {
    const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined;
    const isWhole = type === 'integer' && typeof text === 'string' && /^-?\d{1,15}$/.test(text);
    return [name, isWhole ? Number(text) : text];
  });
  return Object.fromEntries(entries);
}

/** The first fault as a refusal that names the field as the client wrote it. */
function firstRefusal([fault]: readonly TLocalizedValidationError[], part: string): DomainError {
  if (!fault) return new DomainError('EINVAL', `the ${part} is not valid`);
  const path = fault.instancePath.split('/').slice(1).join('.');
  switch (fault.keyword) {
    case 'required':
      return invalid(join(path, fault.params.requiredProperties[0]), 'is missing');
    case 'additionalProperties':
      return invalid(join(path, fault.params.additionalProperties[0]), 'is not known here');
    case 'boolean': // a property that the schema allows no value for
      return invalid(path, 'is not known here');
    case 'enum':
      return invalid(path, `must be one of ${fault.params.allowedValues.join(', ')}`);
    case 'minimum':
    case 'maximum': {
      const { limit } = fault.params;
      const bound = fault.keyword === 'minimum' ? 'at least' : 'at most';
      return new DomainError('EINVAL', `${path} must be ${bound} ${limit}`, {
        field: path,
        limit: Number(limit),
      });
    }
    case 'maxLength':
    case 'maxItems': {
      const { limit } = fault.params;
      const unit = fault.keyword === 'maxItems' ? 'entries' : 'characters';
      return new DomainError('ETOOLONG', `${path} has more than ${limit} ${unit}`, { field: path, limit });
    }
    default:
      return path === ''
        ? new DomainError('EINVAL', `the ${part} ${fault.message}`)
        : invalid(path, fault.message);
  }
}

function invalid(field: string, fault: string): DomainError {
  return new DomainError('EINVAL', `${field} ${fault}`, { field });
}

function join(path: string, name = ''): string {
  return path === '' ? name : `${path}.${name}`;
}

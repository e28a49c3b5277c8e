/** A JSON Schema as the gateway's OpenAPI document has it. */
export interface Schema {
  $ref?: string;
  type?: string;
  description?: string;
  allOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  example?: unknown;
  default?: unknown;
}

export interface Parameter {
  in: string;
  name: string;
  example?: unknown;
  schema?: Schema;
}

export interface Response {
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: Schema }>;
}

interface Described {
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> }> };
  responses: Record<string, Response>;
}

export interface ApiDocument {
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Schema> };
  tags?: { name: string; description?: string }[];
}

/** One operation, as the gateway's own document describes it. */
export interface ApiOperation {
  /** `POST /ordermanagement/v1/orders/{order_id}/captures` */
  name: string;
  method: string;
  /** With its parameters: `/payments/v1/sessions/{session_id}`. */
  route: string;
  /** The heading under which Swagger UI shows it. */
  group: string;
  parameters: Parameter[];
  /** With the examples by their names; undefined when it takes none. */
  body: { schema: Schema; examples: Record<string, unknown> } | undefined;
  responses: Record<string, Response>;
}

/** Every operation of a document, in its order. */
export function operationsOf(document: ApiDocument): ApiOperation[] {
  return Object.entries(document.paths).flatMap(([route, item]) =>
    Object.entries(item).map(([name, { tags: [group = ''] = [], parameters = [], requestBody, responses }]) => {
      const method = name.toUpperCase();
      const content = requestBody?.content['application/json'];
      const examples = Object.entries(content?.examples ?? {}).map(([example, { value }]) => [example, value] as const);
      const body = content && { schema: resolved(content.schema, document), examples: Object.fromEntries(examples) };
      return { name: `${method} ${route}`, method, route, group, parameters, body, responses };
    }),
  );
}

/** A schema with what it refers to. */
export function resolved(schema: Schema, document: ApiDocument): Schema {
  const { $ref, allOf = [], ...own } = schema;
  const name = $ref?.split('/').at(-1);
  const parts = [...(name === undefined ? [] : [document.components.schemas[name] ?? {}]), ...allOf].map((part) =>
    resolved(part, document),
  );
  return Object.assign({}, ...parts, own) as Schema;
}

import js from '@eslint/js';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** The layers of src/, from the bottom up. A folder imports only from its own row's folder itself and from lower rows. */
const LAYERS = [
  ['config', 'json.ts', 'money.ts', 'clock', 'telemetry'],
  ['persistence', 'queue', 'klarna', 'mollie'],
  ['merchants'],
  ['operations', 'http', 'shapes', 'order-lines'],
  ['orders', 'webhooks'],
  ['payments', 'customer-token', 'checkout', 'order-management', 'hosted-payment-page', 'mollie-orders', 'health'],
  ['app.module.ts'],
  ['boot'],
  ['main.ts', 'rebuild-queue.ts'],
];
const place = (name) => `./src/${name}`;

const zones = [];
LAYERS.slice(0, -1).forEach((row, level) => {
  const above = LAYERS.slice(level + 1).flat();
  for (const name of row) {
    // Features and webhooks/orders do not import their siblings; the two lowest rows may (config and clock are one foundation).
    const siblings = level === 1 || level === 5 ? row.filter((other) => other !== name) : [];
    zones.push({
      target: place(name),
      from: [...above, ...siblings].map(place),
      message: `imports point down: src/${name} may not import from there (docs/architecture.md, "Layers")`,
    });
  }
});
zones.push({ target: './simulator', from: './src', message: 'the simulator stands for Klarna and imports nothing of the gateway' });
zones.push({ target: './src', from: './simulator', message: 'the gateway knows the simulator only by its URL' });

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [createTypeScriptImportResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones, basePath: import.meta.dirname }],
      'import-x/no-cycle': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      'no-restricted-imports': ['error', { paths: [{ name: 'bullmq', message: 'only src/queue knows BullMQ' }] }],
      eqeqeq: 'error',
    },
  },
  { files: ['src/queue/**'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['src/**'],
    ignores: ['src/config/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'src/config is the only reader of the environment' },
      ],
    },
  },
  {
    // Business time comes from one Clock and goes into SQL as a parameter (docs/architecture.md, "Time").
    files: ['src/**'],
    ignores: ['src/clock/**', '**/*.spec.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: 'business time comes from Clock' },
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'business time comes from Clock' },
      ],
    },
  },
  {
    files: ['test/**', '**/*.spec.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-member-access': 'off' },
  },
  { files: ['**/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
);

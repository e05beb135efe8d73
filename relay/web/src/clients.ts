/** Ready-made set-ups of clients, filled with where the relay is and which key they are to use. The same as docs/clients.md. */

export interface Snippet {
  title: string
  text: string
}

export interface Client {
  id: 'claude' | 'codex' | 'gemini' | 'cursor' | 'anthropic' | 'openai' | 'google' | 'curl'
  name: string
  snippets: Snippet[]
}

export function clients(url: string, key: string): Client[] {
  return [
    {
      id: 'claude',
      name: 'Claude Code',
      snippets: [{ title: 'Shell', text: `export ANTHROPIC_BASE_URL=${url} ANTHROPIC_API_KEY=${key}\nclaude` }],
    },
    {
      id: 'codex',
      name: 'Codex CLI',
      snippets: [
        { title: '~/.codex/config.toml', text: codexToml(url) },
        { title: 'Shell', text: `export WEIR_KEY=${key}\ncodex` },
      ],
    },
    {
      id: 'gemini',
      name: 'Gemini CLI',
      snippets: [
        { title: 'Shell', text: `export GOOGLE_GEMINI_BASE_URL=${url} GEMINI_API_KEY=${key}\ngemini` },
        { title: '~/.gemini/settings.json', text: '{"security": {"auth": {"selectedType": "gemini-api-key"}}}' },
      ],
    },
    {
      id: 'cursor',
      name: 'Cursor',
      snippets: [
        { title: 'Override OpenAI Base URL', text: `${url}/v1` },
        { title: 'OpenAI API Key', text: key },
      ],
    },
    {
      id: 'anthropic',
      name: 'Anthropic SDK',
      snippets: [
        { title: 'Python', text: `import anthropic\n\nclient = anthropic.Anthropic(base_url="${url}", api_key="${key}")` },
        { title: 'Node.js', text: `import Anthropic from '@anthropic-ai/sdk'\n\nconst client = new Anthropic({ baseURL: '${url}', apiKey: '${key}' })` },
      ],
    },
    {
      id: 'openai',
      name: 'OpenAI SDK',
      snippets: [
        { title: 'Python', text: `import openai\n\nclient = openai.OpenAI(base_url="${url}/v1", api_key="${key}")` },
        { title: 'Node.js', text: `import OpenAI from 'openai'\n\nconst client = new OpenAI({ baseURL: '${url}/v1', apiKey: '${key}' })` },
      ],
    },
    {
      id: 'google',
      name: 'Google Gen AI SDK',
      snippets: [
        { title: 'Python', text: `from google import genai\n\nclient = genai.Client(http_options={"base_url": "${url}"}, api_key="${key}")` },
        { title: 'Node.js', text: `import { GoogleGenAI } from '@google/genai'\n\nconst client = new GoogleGenAI({ httpOptions: { baseUrl: '${url}' }, apiKey: '${key}' })` },
      ],
    },
    {
      id: 'curl',
      name: 'curl',
      snippets: [{ title: 'Shell', text: `curl ${url}/v1/messages -H 'x-api-key: ${key}' -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' \\\n  -d '{"model": "claude-haiku-4-5", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}'` }],
    },
  ]
}

function codexToml(url: string): string {
  return `model_provider = "weir"

[model_providers.weir]
name = "Weir"
base_url = "${url}/v1"
env_key = "WEIR_KEY"
wire_api = "responses"`
}

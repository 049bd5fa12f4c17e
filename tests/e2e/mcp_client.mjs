// The official clients against a server. usage: mcp_client.mjs URL TACIT DATA_DIR; prints one JSON document.
// Each client lists the tools, searches, reads the first hit, asks for the state, and makes two mistakes.
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const [url, tacit, data] = process.argv.slice(2);
const who = { name: 'tacit-test', version: '1' };
const program = { command: tacit, args: ['mcp', '--data-dir', data], stderr: 'ignore', env: { ...process.env } };

async function converse(client, transport) {
  await client.connect(transport);
  const list = await client.listTools();
  const search = await client.callTool({ name: 'memory_search', arguments: { query: 'webhook', limit: 3 } });
  const first = search.structuredContent?.hits?.[0]?.id;
  const record = await client.callTool({ name: 'memory_get', arguments: { id: first } });
  const status = await client.callTool({ name: 'memory_status', arguments: {} });
  const wrong = await client.callTool({ name: 'memory_search', arguments: { query: 'x', limit: 0 } });
  const unknown = await client.callTool({ name: 'memory_nope', arguments: {} }).then(() => 'answered', (error) => error.code);
  const answer = {
    server: client.getServerVersion()?.name,
    tools: list.tools.map((tool) => tool.name),
    hits: search.structuredContent?.hits?.length,
    record: record.structuredContent?.id === first,
    items: status.structuredContent?.counts?.items,
    wrong: wrong.isError,
    unknown,
  };
  await client.close();
  return answer;
}

const automatic = { versionNegotiation: { mode: 'auto' } };
const answers = {};
answers['v1 http'] = await converse(new OldClient(who), new OldHttp(new URL(url)));
answers['v1 stdio'] = await converse(new OldClient(who), new OldStdio(program));
answers['v2 http'] = await converse(new Client(who), new StreamableHTTPClientTransport(new URL(url)));
answers['v2 http auto'] = await converse(new Client(who, automatic), new StreamableHTTPClientTransport(new URL(url)));
answers['v2 stdio auto'] = await converse(new Client(who, automatic), new StdioClientTransport(program));
console.log(JSON.stringify(answers));

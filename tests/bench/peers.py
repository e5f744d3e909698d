"""Ours, and what a user would pick instead to have each change of an API told to somebody: the configurations of nginx that are compared.

All but two tell the same: request and answer as one JSON text, by POST, signed with HMAC-SHA256, to a sink that answers 204. `mirror` can
neither sign nor see the answer, ModSecurity captures both and delivers nothing. Debian has no lua-resty-http and no lua-resty-string, so the
Lua variants speak HTTP on a cosocket themselves and call libcrypto's HMAC, which nginx is linked with, through LuaJIT's FFI.
"""

import lab
from ngx import Kind

MODULES = "/usr/lib/nginx/modules"  # Debian's
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

TOML = """
[store]
url = "sqlite:@DIR@/store"
guarantee = "{guarantee}"
retention = "1h"
queue_bytes = "{queue}"
[egress]
allow = ["127.0.0.1/32"]
[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"
{payload}
[[hook]]
topic = "list.created"
match = "POST /lists"
id = "response:/id"
{payload}
"""
SUBSCRIPTION = f"""
[[subscription]]
name = "sink"
topics = ["*"]
url = "http://127.0.0.1:@SINK@/hook"
secret = "{SECRET}"
concurrency = 64
"""


def ours(guarantee="hold", on=True, subscription=False, payload="", queue="64MiB"):
    """The module; without a payload of its own an event carries the answer's body."""
    toml = TOML.format(guarantee=guarantee, payload=payload, queue=queue) + (SUBSCRIPTION if subscription else "")
    return Kind(main=f"load_module {lab.BUILD}/ngx_http_trotline_module.so;", files={"trotline.toml": toml},
                http=f"trotline_config @DIR@/trotline.toml; trotline {'on' if on else 'off'};")


LOADED = Kind(main=f"load_module {lab.BUILD}/ngx_http_trotline_module.so;")

BOTH = 'payload = { request = "request:", response = "response:" }'

MIRROR = Kind(server="""
location / { mirror /mirror; proxy_pass http://up; }
location = /mirror { internal; proxy_pass http://sink/hook; }
""")

LUA = """
local ffi = require "ffi"
ffi.cdef[[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *how, const void *key, int key_len, const char *text, size_t len, unsigned char *to, unsigned int *to_len);
]]
local key, digest, size = "@SECRET@", ffi.new("unsigned char[32]"), ffi.new("unsigned int[1]")
local M = { waiting = {}, first = 1, last = 0, lost = 0, ready = require "ngx.semaphore".new() }

local function sign(text)
  ffi.C.HMAC(ffi.C.EVP_sha256(), key, #key, text, #text, digest, size)
  return ngx.encode_base64(ffi.string(digest, 32))
end

-- body_filter_by_lua: the event, once the answer is complete.
function M.capture()
  if ngx.req.get_method() ~= "POST" or ngx.status > 299 then return end
  local ctx = ngx.ctx
  if ngx.arg[1] ~= "" then ctx.answer = (ctx.answer or "") .. ngx.arg[1] end
  if ngx.arg[2] then return '{"request":' .. (ngx.req.get_body_data() or "null") .. ',"response":' .. (ctx.answer or "null") .. "}" end
end

local count = 0
local function post(sock, event)
  count = count + 1
  local id, now = "evt_" .. count, ngx.time()
  sock:send{ "POST /hook HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Type: application/json\\r\\nContent-Length: ", #event,
    "\\r\\nwebhook-id: ", id, "\\r\\nwebhook-timestamp: ", now,
    "\\r\\nwebhook-signature: v1,", sign(id .. "." .. now .. "." .. event), "\\r\\n\\r\\n", event }
  local status, problem = sock:receive("*l")
  if not status or not status:find(" 204 ", 1, true) then return nil, problem or status end
  repeat local line = sock:receive("*l") until line == "" or not line
  return true
end

-- ngx.timer.at: one timer, and a connection from the pool, for each event.
function M.deliver(premature, event)
  local sock = ngx.socket.tcp()
  if premature or not sock:connect("127.0.0.1", @SINK@) then M.lost = M.lost + 1 return end
  local good, problem = post(sock, event)
  if good then sock:setkeepalive(60000, 256) else ngx.log(ngx.ERR, "lost: ", problem) sock:close() end
end

-- One queue a worker, in memory; 16 light threads with a connection each.
function M.push(event)
  if M.last - M.first > 100000 then M.lost = M.lost + 1 return end
  M.last = M.last + 1
  M.waiting[M.last] = event
  M.ready:post(1)
end

local function sender()
  local sock
  while not ngx.worker.exiting() do
    if M.ready:wait(1) then
      local event = M.waiting[M.first]
      M.waiting[M.first] = nil
      M.first = M.first + 1
      if not sock then
        sock = ngx.socket.tcp()
        sock:connect("127.0.0.1", @SINK@)
      end
      local good, problem = post(sock, event)
      if not good then ngx.log(ngx.ERR, "lost: ", problem) sock = nil end
    end
  end
end

function M.start()
  ngx.timer.at(0, function() for _ = 1, 16 do ngx.thread.spawn(sender) end end)
end

return M
""".replace("@SECRET@", SECRET)


def lua(http, taken):
    return Kind(main=f"load_module {MODULES}/ndk_http_module.so; load_module {MODULES}/ngx_http_lua_module.so;", files={"hook.lua": LUA},
                http=f"lua_package_path '@DIR@/?.lua;;'; {http}",
                server=f"""
location / {{
  proxy_pass http://up;
  body_filter_by_lua_block {{ local hook = require "hook"; local event = hook.capture(); if event then {taken} end }}
}}""")


LUA_TIMER = lua("lua_max_running_timers 4096; lua_max_pending_timers 65536;", "ngx.timer.at(0, hook.deliver, event)")
LUA_QUEUE = lua('init_worker_by_lua_block { require "hook".start() }', "hook.push(event)")

NJS = Kind(main=f"load_module {MODULES}/ngx_http_js_module.so;", http="js_path @DIR@; js_import hook from hook.js; js_var $signature; js_var $id;",
           server="""
location / { js_content hook.capture; }
location /up/ { internal; proxy_pass http://up/; }
location = /sink {
  internal; proxy_pass http://sink/hook;
  proxy_set_header webhook-id $id; proxy_set_header webhook-signature $signature;
}
""", files={"hook.js": """
import crypto from 'crypto';
let count = 0;

async function capture(r) {
  const answer = await r.subrequest('/up' + r.uri, {method: r.method, body: r.requestText, args: r.variables.args || ''});
  if (r.method == 'POST' && answer.status < 300) {
    const event = '{"request":' + r.requestText + ',"response":' + answer.responseText + '}';
    r.variables.id = 'evt_' + (++count) + '.' + Math.floor(Date.now() / 1000);
    r.variables.signature = 'v1,' + crypto.createHmac('sha256', '@SECRET@').update(r.variables.id + '.' + event).digest('base64');
    r.subrequest('/sink', {method: 'POST', body: event, detached: true});
  }
  r.headersOut['Content-Type'] = answer.headersOut['Content-Type'];
  r.return(answer.status, answer.responseText);
}

export default {capture};
""".replace("@SECRET@", SECRET)})

MODSECURITY = Kind(main=f"load_module {MODULES}/ngx_http_modsecurity_module.so;",
                   http="modsecurity on; modsecurity_rules_file @DIR@/rules.conf;", files={"rules.conf": """
SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType application/json
SecAuditEngine Off
SecRule RESPONSE_BODY "@contains order-that-never-comes" "id:1,phase:4,pass,nolog"
"""})

PEERS = {"mirror": MIRROR, "Lua timer": LUA_TIMER, "Lua queue": LUA_QUEUE, "njs": NJS, "ModSecurity": MODSECURITY,
         "async": ours("async", subscription=True, payload=BOTH), "hold": ours("hold", subscription=True, payload=BOTH)}
DELIVER_NOTHING = ("ModSecurity",)

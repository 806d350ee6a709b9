#include "program.h"

// Bytes of a file asked for at once.
enum { CHUNK = 256 << 10 };

// A transfer that brought something and broke off goes on from there, as long as each try
// brings something.
enum { TRIES_WITHOUT_PROGRESS = 3 };

#define SECONDS(n) ((u64)(n) * 10000000)

// A transfer over a connection of its own.
typedef struct {
	service_binding *binding;
	handle child;
	http_protocol *http;
	http_access_point ipv4;
	http_access_point6 ipv6;
} connection;

// on_card finds a protocol on the card that this program came by.
static status on_card(origin *o, const guid *protocol, void **interface) {
	device_path *path;
	handle card;
	status s = boot->handle_protocol(o->device, &device_path_guid, (void **)&path);
	if (s == SUCCESS)
		s = boot->locate_device_path(protocol, &path, &card);
	return s == SUCCESS ? boot->handle_protocol(card, protocol, interface) : s;
}

// open_connection makes an instance of the firmware's HTTP with the address that PXE has
// already.
static status open_connection(origin *o, connection *c) {
	memset(c, 0, sizeof *c);
	status s = on_card(o, &http_binding_guid, (void **)&c->binding);
	if (s == SUCCESS)
		s = c->binding->create_child(c->binding, &c->child);
	if (s != SUCCESS)
		return s;
	pxe_mode *mode = o->pxe->mode;
	memcpy(c->ipv4.address, &mode->station, sizeof c->ipv4.address);
	memcpy(c->ipv4.subnet, &mode->subnet_mask, sizeof c->ipv4.subnet);
	memcpy(c->ipv6.address, &mode->station, sizeof c->ipv6.address);
	http_config config = {1, 10000, mode->using_ipv6, mode->using_ipv6 ? (void *)&c->ipv6 : (void *)&c->ipv4};
	s = boot->handle_protocol(c->child, &http_guid, (void **)&c->http);
	if (s == SUCCESS)
		s = c->http->configure(c->http, &config);
	return s;
}

static void close_connection(connection *c) {
	if (!c->child)
		return;
	if (c->http)
		c->http->configure(c->http, 0);
	c->binding->destroy_child(c->binding, c->child);
}

// await drives a request or an answer until it is done, for half a minute at most.
static status await(connection *c, status (*begin)(http_protocol *, http_token *), http_message *message) {
	http_token token = {0, SUCCESS, message};
	event timer;
	status s = boot->create_event(0, 0, 0, 0, &token.event);
	if (s != SUCCESS)
		return s;
	s = boot->create_event(EVENT_TIMER, 0, 0, 0, &timer);
	if (s != SUCCESS) {
		boot->close_event(token.event);
		return s;
	}
	boot->set_timer(timer, TIMER_RELATIVE, SECONDS(30));
	s = begin(c->http, &token);
	while (s == SUCCESS && boot->check_event(token.event) != SUCCESS) {
		c->http->poll(c->http);
		if (boot->check_event(timer) == SUCCESS) {
			c->http->cancel(c->http, &token);
			s = TIMEOUT;
		}
	}
	boot->close_event(timer);
	boot->close_event(token.event);
	return s == SUCCESS ? token.status : s;
}

// host_of copies the host of a URL, http://host/…, for the header (RFC 9110 section 7.2).
static void host_of(const char *url, char *host, usize most) {
	usize n = 0;
	const char *at = url + (same(url, "http://", 7) ? 7 : 0);
	while (*at && *at != '/' && n < most - 1)
		host[n++] = *at++;
	host[n] = 0;
}

// range_from writes "bytes=N-" (RFC 9110 section 14.1.2). It divides by subtraction, since
// a 32-bit machine divides no 64-bit numbers by itself.
static void range_from(u64 n, char *text) {
	u64 powers[14] = {1};
	for (int i = 1; i < 14; i++)
		powers[i] = powers[i - 1] * 10;
	memcpy(text, "bytes=", 6);
	text += 6;
	boolean begun = 0;
	for (int i = 13; i >= 0; i--) {
		char digit = '0';
		for (; n >= powers[i]; n -= powers[i])
			digit++;
		begun |= digit != '0' || i == 0;
		if (begun)
			*text++ = digit;
	}
	*text++ = '-';
	*text = 0;
}

// ask sends the request for the file from an offset on, and reads the answer's status and
// headers.
static status ask(connection *c, const char *url, u64 from) {
	static char16 wide[NAME_MOST];
	char host[80], range[32];
	usize n = 0;
	for (; url[n] && n < NAME_MOST - 1; n++)
		wide[n] = (u8)url[n];
	wide[n] = 0;
	host_of(url, host, sizeof host);
	range_from(from, range);
	http_header headers[] = {{"Host", host}, {"User-Agent", "SpurRAMDisk/1"}, {"Accept", "*/*"}, {"Range", range}};
	http_request request = {0, wide};
	http_message question = {&request, from ? 4 : 3, headers, 0, 0};
	status s = await(c, c->http->request, &question);
	if (s != SUCCESS)
		return s;
	http_response response = {0};
	http_message answer = {&response, 0, 0, 0, 0};
	s = await(c, c->http->response, &answer);
	if (answer.headers)
		boot->free_pool(answer.headers);
	if (s == SUCCESS && response.status_code != (from ? HTTP_PARTIAL_CONTENT : HTTP_OK))
		return NOT_FOUND;
	return s;
}

// receive takes the body as it comes, straight to its place.
static status receive(connection *c, u8 *to, u64 size, u64 *done) {
	while (*done < size) {
		usize want = size - *done < CHUNK ? (usize)(size - *done) : CHUNK;
		http_message part = {0, 0, 0, want, to + *done};
		status s = await(c, c->http->response, &part);
		if (s != SUCCESS)
			return s;
		if (part.body_length == 0)
			return ABORTED;
		*done += part.body_length;
		show_progress(*done, size);
	}
	return SUCCESS;
}

// near tells whether the server is on the machine's own network.
static boolean near(origin *o) {
	const u32 *mine = o->pxe->mode->station.words, *mask = o->pxe->mode->subnet_mask.words;
	return ((mine[0] ^ o->server.words[0]) & mask[0]) == 0;
}

// use_router has the firmware's IPv4 know the router that DHCP named, where the server is
// behind one: who uses HTTP can't name it (section 29.6.3). The firmware's own HTTP Boot
// does the same (HttpBootRegisterIp4Gateway in edk2's HttpBootDhcp4.c); that nothing but
// PXE gives the machine an address, PXE has seen to. Over IPv6 routers make themselves
// known. routed is what is to forget the router again, which the firmware would keep.
static status use_router(origin *o, ip4_config **routed) {
	static const u8 none[sizeof o->router];
	ip4_config *config;
	if (o->pxe->mode->using_ipv6 || near(o))
		return SUCCESS;
	if (same(o->router, none, sizeof none))
		return UNSUPPORTED;
	status s = on_card(o, &ip4_config_guid, (void **)&config);
	if (s == SUCCESS)
		s = config->set_data(config, IP4_GATEWAY, sizeof o->router, o->router);
	if (s == SUCCESS)
		*routed = config;
	return s == ABORTED ? SUCCESS : s; // it is the router already
}

// fetch_by_http fetches a file of that size by the firmware's own HTTP, which firmware
// with HTTP Boot has.
status fetch_by_http(origin *o, const char *url, u8 *to, u64 size) {
	u64 done = 0, before;
	ip4_config *routed = 0;
	status s = use_router(o, &routed);
	if (s != SUCCESS)
		return s;
	for (int tries = 0; done < size && tries < TRIES_WITHOUT_PROGRESS; tries++) {
		connection c;
		before = done;
		s = open_connection(o, &c);
		if (s == SUCCESS)
			s = ask(&c, url, done);
		if (s == SUCCESS)
			s = receive(&c, to, size, &done);
		close_connection(&c);
		if (done > before)
			tries = -1;
		else if (!done || s == NOT_FOUND)
			break; // there is no HTTP, it isn't allowed or doesn't get through, or the server doesn't have it
	}
	if (routed)
		routed->set_data(routed, IP4_GATEWAY, 0, 0);
	end_progress();
	return s;
}

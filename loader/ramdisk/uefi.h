// What this program uses of UEFI (UEFI Specification 2.10). Members that it does not
// use are only as large as they have to be.
//
// clang's Windows targets call by UEFI's own conventions (section 2.3): no function
// needs to be marked.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef __UINTPTR_TYPE__ usize; // UINTN
typedef u16 char16;             // CHAR16
typedef u8 boolean;             // BOOLEAN
typedef usize status;           // EFI_STATUS
typedef void *handle;           // EFI_HANDLE
typedef void *event;            // EFI_EVENT

// Appendix D: errors have the highest bit.
#define ERROR(n) (((status)1 << (sizeof(status) * 8 - 1)) | (n))
#define SUCCESS ((status)0)
#define LOAD_ERROR ERROR(1)
#define UNSUPPORTED ERROR(3)
#define OUT_OF_RESOURCES ERROR(9)
#define NOT_FOUND ERROR(14)
#define ACCESS_DENIED ERROR(15)
#define TIMEOUT ERROR(18)
#define ABORTED ERROR(21)
#define SECURITY_VIOLATION ERROR(26)

typedef struct {
	u32 a;
	u16 b, c;
	u8 d[8];
} guid;

// EFI_DEVICE_PATH_PROTOCOL, section 10.2.
typedef struct {
	u8 type, subtype;
	u8 length[2];
} device_path;

// EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL, section 12.4.
typedef struct text_output text_output;
struct text_output {
	void *reset;
	status (*output_string)(text_output *, const char16 *);
};

// EFI_SIMPLE_TEXT_INPUT_PROTOCOL, section 12.3.
typedef struct text_input text_input;
typedef struct {
	u16 scan_code;
	char16 character;
} input_key;
struct text_input {
	void *reset;
	status (*read_key_stroke)(text_input *, input_key *);
	event wait_for_key;
};

enum { EVENT_TIMER = 0x80000000u, TIMER_RELATIVE = 2, TPL_CALLBACK = 8 };                        // section 7.1
enum { ALLOCATE_ANY_PAGES = 0, RESERVED_MEMORY = 0, LOADER_DATA = 2, PAGE = 4096 };             // section 7.2
enum { BY_PROTOCOL = 2 };                                                                         // section 7.3

// EFI_BOOT_SERVICES, section 4.4.
typedef struct {
	u8 header[24];
	void *raise_tpl, *restore_tpl;
	status (*allocate_pages)(u32 how, u32 type, usize pages, u64 *address);
	status (*free_pages)(u64 address, usize pages);
	void *get_memory_map;
	status (*allocate_pool)(u32 type, usize size, void **buffer);
	status (*free_pool)(void *buffer);
	status (*create_event)(u32 type, usize tpl, void *notify, void *context, event *);
	status (*set_timer)(event, u32 type, u64 hundred_ns);
	void *wait_for_event, *signal_event;
	status (*close_event)(event);
	status (*check_event)(event);
	status (*install_protocol)(handle *, const guid *, u32 native, void *interface);
	void *reinstall_protocol;
	status (*uninstall_protocol)(handle, const guid *, void *interface);
	status (*handle_protocol)(handle, const guid *, void **interface);
	void *reserved, *register_protocol_notify, *locate_handle;
	status (*locate_device_path)(const guid *, device_path **, handle *);
	void *install_configuration_table;
	status (*load_image)(boolean boot_policy, handle parent, device_path *, void *source, usize size, handle *image);
	status (*start_image)(handle image, usize *exit_data_size, char16 **exit_data);
	void *exit;
	status (*unload_image)(handle image);
	void *exit_boot_services, *get_next_monotonic_count;
	status (*stall)(usize microseconds);
	status (*set_watchdog_timer)(usize seconds, u64 code, usize data_size, char16 *data);
	status (*connect_controller)(handle, handle *drivers, device_path *remaining, boolean recursive);
	void *disconnect_controller, *open_protocol, *close_protocol, *open_protocol_information, *protocols_per_handle;
	status (*locate_handle_buffer)(u32 how, const guid *, void *key, usize *count, handle **);
} boot_services;

// EFI_SYSTEM_TABLE, section 4.3.
typedef struct {
	u8 header[24];
	char16 *vendor;
	u32 revision;
	handle input_handle;
	text_input *input;
	handle output_handle;
	text_output *output;
	handle error_handle;
	text_output *error;
	void *runtime;
	boot_services *boot;
} system_table;

// EFI_LOADED_IMAGE_PROTOCOL, section 9.1.
typedef struct {
	u32 revision;
	handle parent;
	system_table *system;
	handle device;
} loaded_image;

// An address as EFI_IP_ADDRESS has it: IPv4 in its first four bytes.
typedef struct {
	u32 words[4];
} ip_address;

// EFI_PXE_BASE_CODE_PACKET, section 24.3: a packet of DHCPv4 (RFC 2131 section 2) or of
// DHCPv6 (RFC 8415 section 8) as it came.
typedef union {
	u8 raw[1472];
	struct {
		u8 before[20];
		u8 next_server[4];
		u8 relay[4], hardware[16];
		u8 server_name[64];
		u8 boot_file[128];
		u8 magic[4];
		u8 options[1472 - 240];
	} v4;
	struct {
		u8 before[4];
		u8 options[1472 - 4];
	} v6;
	u32 align;
} dhcp_packet;

// EFI_PXE_BASE_CODE_MODE, section 24.3, to its last packet.
typedef struct {
	boolean started, ipv6_available, ipv6_supported, using_ipv6, bis_supported, bis_detected, auto_arp, send_guid;
	boolean discover_valid, ack_received, proxy_offer_received, pxe_discover_valid, pxe_reply_received, bis_reply_received;
	boolean icmp_error_received, tftp_error_received, make_callbacks;
	u8 ttl, tos;
	ip_address station, subnet_mask;
	dhcp_packet discover, ack, proxy_offer, pxe_discover, pxe_reply, bis_reply;
} pxe_mode;

enum { TFTP_READ_FILE = 2 };

// EFI_PXE_BASE_CODE_PROTOCOL, section 24.3.
typedef struct pxe_base_code pxe_base_code;
struct pxe_base_code {
	u64 revision;
	void *start, *stop, *dhcp, *discover;
	status (*mtftp)(pxe_base_code *, u32 operation, void *buffer, boolean overwrite, u64 *size, usize *block_size,
			ip_address *server, u8 *file, void *info, boolean dont_use_buffer);
	void *udp_write, *udp_read, *set_ip_filter, *arp;
	status (*set_parameters)(pxe_base_code *, boolean *auto_arp, boolean *send_guid, u8 *ttl, u8 *tos, boolean *make_callback);
	void *set_station_ip, *set_packets;
	pxe_mode *mode;
};

enum { CALLBACK_CONTINUE = 1 };

// EFI_PXE_BASE_CODE_CALLBACK_PROTOCOL, section 24.4.
typedef struct pxe_callback pxe_callback;
struct pxe_callback {
	u64 revision;
	u32 (*callback)(pxe_callback *, u32 function, boolean received, u32 length, dhcp_packet *);
};

// EFI_SERVICE_BINDING_PROTOCOL, section 11.6.
typedef struct service_binding service_binding;
struct service_binding {
	status (*create_child)(service_binding *, handle *child);
	status (*destroy_child)(service_binding *, handle child);
};

// EFI_HTTP_PROTOCOL, section 29.6.
typedef struct {
	boolean use_default_address;
	u8 address[4], subnet[4];
	u16 port;
} http_access_point;
typedef struct {
	u8 address[16];
	u16 port;
} http_access_point6;
typedef struct {
	u32 version; // 1: HTTP/1.1
	u32 timeout_milliseconds;
	boolean ipv6;
	void *access_point; // by ipv6
} http_config;
typedef struct {
	u32 method; // 0: GET
	char16 *url;
} http_request;
enum { HTTP_OK = 3, HTTP_PARTIAL_CONTENT = 9 };
typedef struct {
	u32 status_code;
} http_response;
typedef struct {
	char *name, *value;
} http_header;
typedef struct {
	void *data; // an http_request or an http_response
	usize header_count;
	http_header *headers;
	usize body_length;
	void *body;
} http_message;
typedef struct {
	event event;
	status status;
	http_message *message;
} http_token;
typedef struct http_protocol http_protocol;
struct http_protocol {
	void *get_mode_data;
	status (*configure)(http_protocol *, http_config *);
	status (*request)(http_protocol *, http_token *);
	status (*cancel)(http_protocol *, http_token *);
	status (*response)(http_protocol *, http_token *);
	status (*poll)(http_protocol *);
};

// EFI_IP4_CONFIG2_PROTOCOL, section 28.5.
typedef struct ip4_config ip4_config;
enum { IP4_GATEWAY = 3 }; // EFI_IP4_CONFIG2_DATA_TYPE
struct ip4_config {
	status (*set_data)(ip4_config *, u32 type, usize size, const void *data);
};

// EFI_RAM_DISK_PROTOCOL, section 13.18.
typedef struct {
	status (*register_disk)(u64 address, u64 size, const guid *type, device_path *parent, device_path **path);
	status (*unregister)(device_path *);
} ram_disk;

extern const guid loaded_image_guid, device_path_guid, pxe_base_code_guid, pxe_callback_guid, http_binding_guid, http_guid, ip4_config_guid,
	ram_disk_guid, virtual_disk_guid, virtual_cd_guid, file_system_guid;

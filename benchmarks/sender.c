/* The peer for raw sending: sends the same 42 bytes repeatedly by sendmmsg, crafts nothing.
 *
 *     sender DESTINATION COUNT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 256, LENGTH = 42 };

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    long count = atol(argv[2]);
    struct sockaddr_in target = {.sin_family = AF_INET};
    inet_pton(AF_INET, argv[1], &target.sin_addr);
    int sock = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    if (sock < 0 || connect(sock, (struct sockaddr *)&target, sizeof target) < 0) {
        perror("sender");
        return 1;
    }
    static unsigned char packets[BATCH][LENGTH];
    struct iovec vectors[BATCH];
    struct mmsghdr messages[BATCH];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < BATCH; i++) {
        unsigned char *p = packets[i];
        p[0] = 0x45;
        p[3] = LENGTH;
        p[4] = p[5] = 1;
        p[6] = 0x40;
        p[8] = i % 30 + 1;
        p[9] = 17;
        memcpy(p + 16, &target.sin_addr, 4);
        p[20] = 0x4e;
        p[21] = 0x20;
        p[22] = 0x82;
        p[23] = 0x9a;
        p[25] = LENGTH - 20;
        vectors[i] = (struct iovec){p, LENGTH};
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    while (count > 0) {
        int sent = sendmmsg(sock, messages, BATCH, 0);
        if (sent > 0)
            count -= sent;
    }
    return 0;
}

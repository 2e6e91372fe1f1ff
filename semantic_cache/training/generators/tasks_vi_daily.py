"""Vietnamese tasks of daily life: assistants, kitchen, home, shops, banks. `grammar` says how they are written."""

# ruff: noqa: E501
TASKS = """
@ bao_thuc
!đặt báo thức (lúc|vào) {gio} {thu}
!{thu} (gọi|đánh thức) (tôi|mình) dậy lúc {gio}
báo thức {gio} {thu}
(tôi|mình|em) (phải|cần) dậy lúc {gio} vào {thu}
!hẹn (báo thức|chuông) {gio} cho {thu}
!cài chuông {thu} {gio} để (tôi|mình) dậy

@ bao_thuc_sua kind=verb
- huy
!(hủy|xóa|tắt|bỏ) báo thức {gio}
không cần báo thức {gio} nữa
!đừng để báo thức {gio} kêu
- hoan
!(hoãn|lùi) báo thức {gio} thêm một chút
!cho báo thức {gio} kêu lại sau
- hoi
có báo thức nào (lúc|vào) {gio} không?
!kiểm tra xem đã đặt báo thức {gio} chưa
(tôi|mình) đã cài báo thức {gio} chưa?

@ hen_gio
!hẹn giờ {phut}
!đếm ngược {phut}
!(báo|nhắc) (tôi|mình) sau {phut} nữa
hẹn giờ {phut}
!bật đồng hồ đếm ngược {phut}
sau {phut} thì (kêu|báo) nhé

@ nhac
!nhắc (tôi|mình) {congviec} lúc {gio} {khi}
{khi} lúc {gio} nhớ nhắc (tôi|mình) {congviec}
!(tạo|đặt|thêm) lời nhắc {congviec} vào {gio} {khi}
{khi} {gio} (tôi|mình) phải {congviec}, đừng để quên
!đừng để (tôi|mình) quên {congviec} lúc {gio} {khi}
!ghi chú {khi} {gio}: {congviec}

@ danh_sach kind=direction
- them
!thêm {thucpham} vào danh sách (mua sắm|đi chợ)
hết {thucpham} rồi, ghi vào danh sách (đi chợ|mua sắm)
!ghi {thucpham} vào (danh sách đi chợ|danh sách mua đồ)
- bo
!(xóa|bỏ) {thucpham} khỏi danh sách (mua sắm|đi chợ)
đã mua {thucpham} rồi, bỏ khỏi danh sách (đi chợ|mua sắm)
!gạch {thucpham} khỏi (danh sách đi chợ|danh sách mua đồ)
- co
{thucpham} đã có trong danh sách (mua sắm|đi chợ) chưa?
!xem danh sách đi chợ có {thucpham} chưa

@ lich
!thêm lịch {viec} với {ten} lúc {gio} {thu}
$ viec entity: họp=cuộc họp; ăn trưa; ăn tối; cà phê=uống cà phê; phỏng vấn; khám bệnh; tập gym; đi xem phim=xem phim; học nhóm
{thu} {gio} có {viec} với {ten}, lưu vào lịch
!đặt lịch {thu} lúc {gio}: {viec} với {ten}
!ghi vào lịch {viec} với {ten}, {gio} {thu}
lịch {viec} với {ten} {thu} {gio}

@ lich_doi
!(chuyển|dời|đổi) lịch hẹn với {ten} từ {thu1} sang {thu2}
lịch hẹn {thu1} với {ten} (dời|chuyển) qua {thu2}
{thu1} không gặp {ten} được, đổi sang {thu2}
!đổi hẹn với {ten} qua {thu2} thay vì {thu1}
hẹn với {ten} là {thu2} chứ không phải {thu1} nữa, sửa lại lịch

@ lich_hoi kind=question
- gi
{thu} (tôi|mình) có (lịch|việc) gì?
lịch {thu} của (tôi|mình) có gì?
!đọc lịch {thu}
- ranh
{thu} (tôi|mình) có rảnh không?
{thu} có khoảng trống nào trong lịch không?
!xem {thu} (tôi|mình) có trống lịch không
- xoa
!(xóa|hủy) hết lịch {thu}
!dọn sạch lịch {thu}
!bỏ mọi cuộc hẹn {thu}
- dau
cuộc hẹn đầu tiên {thu} là mấy giờ?
mấy giờ có việc đầu tiên vào {thu}?

@ thoi_tiet
$ troi entity: mưa; nắng; lạnh=rét; nóng=oi; có gió to=gió mạnh; có bão=bị bão; có sương mù=sương mù; nhiều mây
{khi} (ở|tại) {tinh} có {troi} không?
{tinh} {khi} (có|trời có) {troi} không?
trời {tinh} {khi} sẽ {troi} chứ?
!xem {khi} ở {tinh} có {troi} không
liệu {khi} {tinh} có {troi}?
khả năng {troi} ở {tinh} {khi} là bao nhiêu?

@ du_bao
thời tiết {tinh} {khi} (thế nào|ra sao)?
{khi} (ở|tại) {tinh} thời tiết (ra sao|thế nào)?
#dự báo thời tiết {tinh} {khi}
!cho biết thời tiết {tinh} {khi}
trời {khi} ở {tinh} ra sao?

@ thiet_bi kind=polarity
- bat
!(bật|mở) {thietbi} (ở|trong) {phong}
{thietbi} {phong} (bật|mở) lên
!cho {thietbi} {phong} chạy
(tôi|mình) muốn {thietbi} trong {phong} được bật
- tat
!(tắt|ngắt) {thietbi} (ở|trong) {phong}
{thietbi} {phong} tắt đi
!ngừng {thietbi} {phong}
không cần {thietbi} trong {phong} nữa, tắt đi
- hoi
{thietbi} (ở|trong) {phong} (đang bật|có đang bật) không?
(tôi|mình) đã tắt {thietbi} (ở|trong) {phong} chưa?
!kiểm tra {thietbi} {phong} còn bật không
- hen
!hẹn giờ tắt {thietbi} (ở|trong) {phong}
cài hẹn giờ tắt cho {thietbi} {phong}

@ den_mau
!đổi đèn {phong} sang màu {mau}
!chỉnh màu đèn (ở|trong) {phong} thành {mau}
đèn {phong} màu {mau}
(tôi|mình) muốn đèn (ở|trong) {phong} có màu {mau}
!cho đèn {phong} chuyển qua {mau}

@ nhiet_do kind=direction
- tang
!tăng (nhiệt độ|điều hòa) {phong} thêm {small} độ
{phong} lạnh quá, (tăng|nâng) {small} độ
!cho {phong} ấm hơn {small} độ
- giam
!giảm (nhiệt độ|điều hòa) {phong} đi {small} độ
{phong} nóng quá, (giảm|hạ) {small} độ
!cho {phong} mát hơn {small} độ
- am
!tăng độ ẩm {phong} thêm {small} phần trăm
{phong} khô quá, tăng độ ẩm {small} phần trăm

@ am_nhac
!(mở|phát|bật) {giong} (của|do) {casi}
(tôi|mình) muốn nghe {giong} của {casi}
!cho nghe {giong} {casi}
{giong} {casi}
!bật vài bài {giong} do {casi} hát
có {giong} của {casi} không, mở lên?

@ bai_hat kind=polarity
- thich
(tôi|mình) thích bài này của {casi}
!lưu bài này của {casi} vào danh sách yêu thích
- ghet
(tôi|mình) (ghét|không thích) bài này của {casi}
!đừng bao giờ phát bài này của {casi} nữa
- ten
bài này của {casi} tên là gì?
!cho biết tên bài này của {casi}
- nam
bài này của {casi} ra năm nào?
{casi} hát bài này từ năm nào?

@ nhan_tin kind=verb
- nhan
!nhắn tin cho {nguoithan}
!gửi tin nhắn cho {nguoithan}
!soạn tin gửi {nguoithan}
- goi
!gọi (điện|) cho {nguoithan}
(tôi|mình) muốn nói chuyện điện thoại với {nguoithan}
!bấm số gọi {nguoithan}
- video
!gọi video cho {nguoithan}
!mở cuộc gọi có hình với {nguoithan}
- chan
!chặn số của {nguoithan}
không muốn nhận cuộc gọi từ {nguoithan} nữa
- mail
!gửi email cho {nguoithan}
!viết mail cho {nguoithan}

@ bao_tin
$ tin entity: đến muộn=đến trễ; bị ốm=bị bệnh; làm mất chìa khóa=đánh rơi chìa khóa; đã bán xe=bán xe rồi; đã mua nhà=mua nhà rồi; muốn ly hôn=muốn ly dị; quên sinh nhật; đã trả tiền=trả tiền rồi; làm vỡ kính=đập vỡ kính; nghỉ việc; chuyển nhà=dọn nhà; trúng thưởng
!nói với {ten1} là {ten2} {tin}
!báo cho {ten1} biết {ten2} {tin}
!nhắn {ten1} rằng {ten2} {tin}
!gửi tin cho {ten1}: {ten2} {tin}
{ten1} cần biết là {ten2} {tin}, nhắn giúp

@ no_tien kind=role
$ hd verb: cho vay~cho vay; tặng; gửi; trả; lấy trộm=ăn cắp
{ten1} {hd} {ten2} {trieu} thì ai nợ ai?
nếu {ten1} {hd} {ten2} {trieu} thì ai phải trả?
ai nợ ai khi {ten1} {hd} {ten2} {trieu}?
chuyện {ten1} {hd} {ten2} {trieu}, vậy ai mắc nợ?

@ nau_bao_lau fmt
{congthuc} {thucpham} (trong|mất) bao lâu?
{thucpham} {congthuc} bao nhiêu phút?
#thời gian {congthuc} {thucpham}
mất bao lâu để {congthuc} {thucpham}?
cần bao nhiêu thời gian (để|khi) {congthuc} {thucpham}?
(tôi|mình) đang {congthuc} {thucpham} mà không biết để bao lâu

@ mon_an kind=question fmt
- cach
cách (làm|nấu) {mon}?
LAMSAO (nấu|làm) {mon}?
!GIAITHICH cách (nấu|làm) {mon}
#công thức {mon}
công thức (nấu|làm) {mon}
MUON (nấu|làm) {mon} mà không biết cách
- nguon
{mon} có nguồn gốc từ đâu?
{mon} là món của vùng nào?
#nguồn gốc {mon}
xuất xứ của {mon} là ở đâu?
- calo
{mon} (có|chứa) bao nhiêu calo?
ăn một phần {mon} thì nạp bao nhiêu calo?
#calo {mon}
- beo
ăn {mon} có béo không?
{mon} có làm tăng cân không?
#ăn {mon} có mập không
- gia
một phần {mon} giá bao nhiêu?
{mon} bán bao nhiêu tiền?
#giá {mon}
- bau
bà bầu ăn {mon} được không?
mang thai có được ăn {mon} không?
#bà bầu ăn {mon}
- bao quan
{mon} để tủ lạnh được mấy ngày?
#bảo quản {mon}
cách bảo quản {mon}?
- kem
ăn {mon} kèm với gì?
{mon} ăn với (gì|rau gì) thì ngon?
#{mon} ăn kèm gì

@ mon_nguoi
cách nấu {mon} cho {small} người ăn?
#công thức {mon} {small} người
!GOIY công thức {mon} cho {small} người
nấu {mon} cho {small} người thì làm thế nào?
nhà có {small} người, nấu {mon} sao cho đủ?

@ mon_khong kind=polarity
- co
cách nấu {mon} có {thucpham}?
#{mon} có {thucpham} cách làm
MUON cho {thucpham} vào {mon}, nấu sao?
- khong
cách nấu {mon} không có {thucpham}?
#{mon} không {thucpham} cách làm
MUON nấu {mon} mà không dùng {thucpham}, làm sao?
nhà hết {thucpham}, nấu {mon} thế nào?
- nhieu
lỡ cho nhiều {thucpham} vào {mon} thì chữa thế nào?
{mon} bị quá nhiều {thucpham}, làm sao cứu?

@ an_cung sym
ăn {thucpham1} (với|cùng) {thucpham2} được không?
{thucpham1} và {thucpham2} có kỵ nhau không?
#{thucpham1} kỵ {thucpham2}
có nên ăn {thucpham1} chung với {thucpham2}?
ăn chung {thucpham1} và {thucpham2} có sao không?

@ thay_the
thay {thucpham1} bằng {thucpham2} được không?
có thể dùng {thucpham2} thay (cho|) {thucpham1} không?
không có {thucpham1}, dùng {thucpham2} được chứ?
#{thucpham2} thay thế {thucpham1}
dùng {thucpham2} thế cho {thucpham1} có ổn không?

@ thuc_pham kind=question fmt
- chon
cách chọn {thucpham} tươi ngon?
LAMSAO chọn {thucpham} ngon?
#mẹo chọn {thucpham}
- giu
cách bảo quản {thucpham}?
LAMSAO giữ {thucpham} tươi lâu?
#bảo quản {thucpham}
- gia
{thucpham} bao nhiêu tiền một cân?
giá {thucpham} bao nhiêu?
#giá {thucpham} (hôm nay|hiện nay|)
- tacdung
{thucpham} có tác dụng gì?
ăn {thucpham} có lợi ích gì?
#lợi ích của {thucpham}
- tachai
{thucpham} có tác hại gì?
ăn nhiều {thucpham} có hại gì?
#tác hại của {thucpham}
- mo
mơ thấy {thucpham} là điềm gì?
#mơ thấy {thucpham}
nằm mơ thấy {thucpham} có ý nghĩa gì?
- dem
ăn {thucpham} buổi tối có tốt không?
#ăn {thucpham} ban đêm
có nên ăn {thucpham} vào buổi tối?
- rua
cách rửa {thucpham} cho sạch?
LAMSAO rửa sạch {thucpham}?
#rửa {thucpham} đúng cách

@ vat_nuoi_an kind=polarity
- duoc
{vatnuoi} ăn {thucpham} được không?
cho {vatnuoi} ăn {thucpham} có sao không?
có nên cho {vatnuoi} ăn {thucpham}?
#{vatnuoi} ăn {thucpham}
- lo
{vatnuoi} lỡ ăn {thucpham} thì phải làm sao?
{vatnuoi} nhà (tôi|mình) vừa ăn {thucpham}, xử lý thế nào?
#{vatnuoi} lỡ ăn {thucpham}
- vi sao
vì sao {vatnuoi} không nên ăn {thucpham}?
tại sao không được cho {vatnuoi} ăn {thucpham}?
#lý do {vatnuoi} không ăn {thucpham}

@ vat_nuoi kind=question
- nuoi
cách nuôi {vatnuoi}?
LAMSAO nuôi {vatnuoi} khỏe mạnh?
#kỹ thuật nuôi {vatnuoi}
!GIAITHICH kỹ thuật nuôi {vatnuoi}
- an
{vatnuoi} ăn gì?
nên cho {vatnuoi} ăn gì?
#thức ăn cho {vatnuoi}
- song
{vatnuoi} sống được bao lâu?
tuổi thọ của {vatnuoi} là bao nhiêu?
#tuổi thọ {vatnuoi}
- gia
{vatnuoi} giá bao nhiêu một con?
mua một con {vatnuoi} hết bao nhiêu tiền?
#giá {vatnuoi} giống
- benh
{vatnuoi} hay mắc bệnh gì?
các bệnh thường gặp ở {vatnuoi}?
#bệnh thường gặp ở {vatnuoi}
- mo
mơ thấy {vatnuoi} là điềm gì?
#mơ thấy {vatnuoi} đánh con gì
nằm mơ thấy {vatnuoi} có ý nghĩa gì?
- duc cai
phân biệt {vatnuoi} đực và cái thế nào?
#{vatnuoi} đực hay cái
làm sao biết {vatnuoi} là đực hay cái?
- ban
bán {vatnuoi} ở đâu được giá?
#nơi thu mua {vatnuoi}
(tôi|mình) muốn bán {vatnuoi}, bán ở đâu?
- mua
mua {vatnuoi} ở đâu uy tín?
#nơi bán {vatnuoi} uy tín
(tôi|mình) muốn mua {vatnuoi}, chỗ nào uy tín?

@ cay_trong kind=question
- trong
cách trồng {cay}?
LAMSAO trồng {cay}?
#kỹ thuật trồng {cay}
- tuoi
{cay} tưới nước bao lâu một lần?
mấy ngày thì tưới {cay} một lần?
#tưới {cay}
- vang
lá {cay} bị vàng là do đâu?
vì sao {cay} bị vàng lá?
#{cay} vàng lá
- heo
{cay} bị héo là do đâu?
vì sao {cay} bị héo?
#{cay} bị héo
- mua
trồng {cay} vào mùa nào?
tháng nào trồng {cay} là hợp?
#thời vụ trồng {cay}
- sau
{cay} hay bị sâu gì?
#sâu bệnh {cay}
- phan
bón phân gì cho {cay}?
#phân bón cho {cay}
- chau
trồng {cay} trong chậu được không?
#trồng {cay} trong chậu

@ vet_ban
LAMSAO (tẩy|làm sạch) vết {vetban} trên {vatlieu}?
#tẩy vết {vetban} {vatlieu}
{vatlieu} bị dính {vetban}, tẩy thế nào?
lỡ làm dính {vetban} lên {vatlieu} thì xử lý sao?
vết {vetban} dính trên {vatlieu} (tẩy bằng gì|làm sao cho hết)?

@ may_hong
$ loi entity: không lên nguồn=bật không lên; chạy chậm=bị chậm; bị nóng=nóng bất thường; kêu to=phát tiếng ồn; bị rò điện=rò điện; bị chảy nước=rỉ nước; không kết nối được=mất kết nối; tự tắt=đang chạy thì tắt; báo lỗi=hiện mã lỗi; rơi xuống nước=bị rơi vào nước; hao pin=nhanh hết pin; không có tiếng=mất tiếng; có mùi khét=bốc mùi khét
{maymoc} {loi}, (phải làm sao|sửa thế nào)?
{maymoc} nhà (tôi|mình) {loi}
vì sao {maymoc} {loi}?
#{maymoc} {loi} cách sửa
làm gì khi {maymoc} {loi}?
cứu với, {maymoc} của (tôi|mình) {loi}

@ ve kind=direction
$ xe constraint: bằng tàu hỏa=bằng tàu; bằng máy bay; bằng xe khách=bằng ô tô khách; bằng xe máy; bằng ô tô=lái ô tô; bằng xe giường nằm; bằng limousine
- gia
từ {tinh1} (đi|đến) {tinh2} {xe} hết bao nhiêu tiền?
#giá vé {tinh1} {tinh2} {xe}
chi phí đi {xe} từ {tinh1} ra {tinh2}?
- lau
từ {tinh1} (đi|đến) {tinh2} {xe} mất bao lâu?
#thời gian {tinh1} {tinh2} {xe}
đi {xe} từ {tinh1} tới {tinh2} mấy tiếng?
- dat
!đặt vé {xe} từ {tinh1} đi {tinh2}
(tôi|mình) muốn đặt chỗ đi {xe} từ {tinh1} đến {tinh2}
- gio
mấy giờ có chuyến {xe} từ {tinh1} đi {tinh2}?
#lịch chạy {tinh1} {tinh2} {xe}

@ khoang_cach sym
{tinh1} cách {tinh2} bao nhiêu km?
khoảng cách (giữa|từ) {tinh1} và {tinh2} là bao nhiêu?
#khoảng cách {tinh1} {tinh2}
từ {tinh1} đến {tinh2} bao xa?
{tinh1} với {tinh2} cách nhau bao xa?

@ du_lich fmt
lịch trình du lịch {tinh} {small} ngày?
!lên kế hoạch đi {tinh} {small} ngày
đi {tinh} {small} ngày thì chơi gì?
#lịch trình {tinh} {small} ngày
(tôi|mình) có {small} ngày ở {tinh}, nên đi đâu?
{small} ngày (ở|tại) {tinh} nên làm gì?

@ du_lich_hoi kind=question
- khi
nên đi {tinh} vào tháng mấy?
mùa nào đi {tinh} là hợp nhất?
#thời điểm du lịch {tinh}
- an
đến {tinh} ăn gì?
{tinh} có đặc sản gì?
#đặc sản {tinh}
- mua
đi {tinh} mua gì làm quà?
#quà {tinh}
mua quà gì khi đến {tinh}?
- o
ở đâu khi đi {tinh}?
khách sạn nào tốt ở {tinh}?
#khách sạn {tinh}
- bien so
{tinh} biển số xe bao nhiêu?
#biển số xe {tinh}
xe {tinh} mang biển số mấy?
- ma vung
mã vùng điện thoại (của|) {tinh} là bao nhiêu?
#mã vùng {tinh}
- dan so
dân số {tinh} có bao nhiêu người?
{tinh} có bao nhiêu dân?
#{tinh} dân số
- dien tich
diện tích {tinh} là bao nhiêu?
{tinh} rộng bao nhiêu?
#{tinh} diện tích

@ khach_san
$ dk constraint: có hồ bơi=có bể bơi; gần biển=sát biển; gần sân bay; gần trung tâm=ở trung tâm; giá dưới 500k=dưới 500 nghìn; giá dưới 1 triệu=dưới một triệu; có ăn sáng=bao gồm ăn sáng; cho mang thú cưng=nhận thú cưng; có chỗ đậu xe=có bãi đỗ xe; cho gia đình; cho cặp đôi; view núi=nhìn ra núi
!tìm khách sạn {dk} ở {tinh}
#khách sạn {tinh} {dk}
(tôi|mình) cần khách sạn ở {tinh} {dk}
{tinh} có khách sạn nào {dk} không?
ở {tinh} nên thuê khách sạn nào {dk}?

@ qua_tang
tặng gì cho {nguoithan} (dịp|nhân) {dip}, khoảng {nghin}?
#quà {dip} cho {nguoithan} {nghin}
!GOIY quà {dip} cho {nguoithan} tầm {nghin}
(tôi|mình) có {nghin}, mua quà {dip} gì cho {nguoithan}?
quà {dip} cho {nguoithan} giá {nghin}

@ loi_chuc
$ kieu adjective: hài hước=vui nhộn; ngắn gọn=ngắn; trang trọng=lịch sự; cảm động=xúc động; lãng mạn; chân thành; có vần=bằng thơ; dài
!VIET lời chúc {dip} {kieu} cho {nguoithan}
lời chúc {dip} {kieu} gửi {nguoithan}
#lời chúc {dip} {nguoithan} {kieu}
chúc {nguoithan} (dịp|nhân) {dip} thế nào cho {kieu}?
(tôi|mình) cần lời chúc {kieu} cho {nguoithan} (dịp|nhân) {dip}

@ tai_khoan kind=verb
- mo
cách mở tài khoản {nganhang}?
MUON mở tài khoản (ở|tại) {nganhang}
#mở tài khoản {nganhang}
mở tài khoản {nganhang} cần giấy tờ gì?
- dong
cách (đóng|hủy) tài khoản {nganhang}?
MUON (đóng|hủy) tài khoản {nganhang}
#hủy tài khoản {nganhang}
- khoa
cách khóa thẻ {nganhang}?
MUON khóa thẻ {nganhang}
#khóa thẻ {nganhang}
- mokhoa
cách mở khóa thẻ {nganhang}?
thẻ {nganhang} bị khóa, mở lại thế nào?
#mở khóa thẻ {nganhang}
- mat
(tôi|mình) bị mất thẻ {nganhang}, phải làm sao?
#mất thẻ {nganhang}
làm gì khi mất thẻ {nganhang}?
- phi
phí duy trì tài khoản {nganhang} là bao nhiêu?
#phí duy trì {nganhang}
- hotline
số tổng đài {nganhang} là bao nhiêu?
#hotline {nganhang}
gọi số nào để gặp {nganhang}?
- matkhau
quên mật khẩu {nganhang} thì làm sao?
#quên mật khẩu {nganhang}
cách lấy lại mật khẩu {nganhang}?
- lai
lãi suất gửi tiết kiệm {nganhang} là bao nhiêu?
#lãi suất tiết kiệm {nganhang}
- vay
lãi suất vay {nganhang} là bao nhiêu?
#lãi suất vay {nganhang}
vay tiền ở {nganhang} lãi bao nhiêu?

@ chuyen_tien
!chuyển {trieu} từ {nganhang1} sang {nganhang2}
(tôi|mình) muốn chuyển {trieu} từ {nganhang1} qua {nganhang2}
chuyển {trieu} vào {nganhang2} từ {nganhang1} thế nào?
#chuyển {trieu} {nganhang1} sang {nganhang2}
lấy {trieu} ở {nganhang1} gửi qua {nganhang2} mất phí không?

@ tra_tien kind=direction
- chuyen
!chuyển cho {ten} {nghin}
!trả {ten} {nghin}
gửi {nghin} cho {ten}
(tôi|mình) nợ {ten} {nghin}, chuyển giúp
- doi
!yêu cầu {ten} trả {nghin}
!đòi {ten} {nghin}
{ten} nợ (tôi|mình) {nghin}, nhắc trả giúp
- nhan
{ten} đã chuyển {nghin} cho (tôi|mình) chưa?
!kiểm tra {ten} gửi {nghin} chưa

@ lai_suat
gửi {trieu} lãi suất {phantram} một năm trong {sonam} được bao nhiêu (lãi|tiền lãi)?
#lãi {trieu} {phantram} {sonam}
!tính tiền lãi khi gửi {trieu} {sonam} với lãi suất {phantram}
lãi suất {phantram}, gửi {trieu} trong {sonam} thì lãi bao nhiêu?
có {trieu} đem gửi {sonam}, lãi {phantram} mỗi năm, được bao nhiêu tiền lãi?

@ don_hang kind=verb
- huy
LAMSAO hủy đơn hàng {sanpham} màu {mau}?
MUON hủy đơn {sanpham} màu {mau}
(tôi|mình) đặt {sanpham} màu {mau} nhưng không muốn mua nữa
- doi
LAMSAO đổi size {sanpham} màu {mau}?
MUON đổi size {sanpham} màu {mau}
{sanpham} màu {mau} bị sai size, muốn đổi
- tra
LAMSAO trả lại {sanpham} màu {mau}?
MUON trả hàng {sanpham} màu {mau}
(tôi|mình) nhận {sanpham} màu {mau} rồi nhưng muốn trả lại
- theo doi
đơn {sanpham} màu {mau} của (tôi|mình) đang ở đâu?
bao giờ {sanpham} màu {mau} (tôi|mình) đặt mới tới?
!kiểm tra tình trạng đơn {sanpham} màu {mau}
- con
còn {sanpham} màu {mau} không?
{sanpham} màu {mau} còn hàng không?
shop có {sanpham} màu {mau} không?
- gia
{sanpham} màu {mau} giá bao nhiêu?
#giá {sanpham} màu {mau}
shop bán {sanpham} màu {mau} bao nhiêu tiền?

@ giao_sai
(tôi|mình) đặt {sanpham1} mà (nhận|giao) {sanpham2}
shop giao nhầm {sanpham2} thay vì {sanpham1}
hàng nhận được là {sanpham2}, đơn đặt là {sanpham1}
đặt mua {sanpham1}, mở hộp ra lại là {sanpham2}

@ khieu_nai
$ tt adjective: bị hỏng=hư; bị rách; giao trễ=giao chậm; sai màu=nhầm màu; thiếu hàng=thiếu đồ; là hàng giả=hàng nhái; đã qua sử dụng=đồ cũ; bị bẩn=dơ; quá nhỏ=nhỏ quá; quá to=to quá
$ yc verb: hoàn tiền=trả lại tiền; đổi cái mới=đổi sản phẩm khác; giảm giá; bảo hành; xin lỗi; gửi bù
{sanpham} {tt}, (tôi|mình) muốn shop {yc}
(tôi|mình) nhận {sanpham} {tt}, yêu cầu {yc}
{sanpham} {tt} thì có được {yc} không?
shop {yc} giúp vì {sanpham} {tt}
LAMSAO được {yc} khi {sanpham} {tt}?

@ giao_hang kind=question
- lau
giao hàng (đến|tới|về) {tinh} mất mấy ngày?
#thời gian giao hàng {tinh}
bao lâu thì hàng về {tinh}?
- phi
phí ship về {tinh} bao nhiêu?
ship (đến|tới) {tinh} hết bao nhiêu tiền?
#phí ship {tinh}
- co
có giao hàng (đến|về) {tinh} không?
shop có ship {tinh} không?
- cod
giao hàng {tinh} có được trả tiền khi nhận không?
ship COD {tinh} được không?
- cuahang
có cửa hàng nào ở {tinh} không?
#cửa hàng tại {tinh}

@ ung_dung kind=verb
- xoa
cách xóa tài khoản {ungdung}?
MUON xóa (vĩnh viễn|hẳn) tài khoản {ungdung}
#xóa tài khoản {ungdung}
- khoa tam
cách khóa tạm thời {ungdung}?
#khóa tạm thời {ungdung}
MUON tạm khóa {ungdung} một thời gian
- quen
quên mật khẩu {ungdung} phải làm sao?
cách lấy lại mật khẩu {ungdung}?
#lấy lại mật khẩu {ungdung}
- doi mk
cách đổi mật khẩu {ungdung}?
MUON đổi mật khẩu {ungdung} khác
#đổi mật khẩu {ungdung}
- hack
tài khoản {ungdung} bị hack, làm sao?
#{ungdung} bị hack
có người chiếm tài khoản {ungdung} của (tôi|mình)
- doi ten
cách đổi tên trên {ungdung}?
#đổi tên {ungdung}
MUON đổi tên hiển thị {ungdung}
- chan
cách chặn người khác trên {ungdung}?
#chặn người trên {ungdung}
- bo chan
cách bỏ chặn người khác trên {ungdung}?
#bỏ chặn {ungdung}
MUON gỡ chặn một người trên {ungdung}
- sap
{ungdung} có đang bị sập không?
{ungdung} không vào được
#{ungdung} bị lỗi không vào được
- dang ky
cách đăng ký {ungdung}?
#tạo tài khoản {ungdung}
LAMSAO tạo tài khoản {ungdung} mới?

@ lien_ket
cách liên kết {ungdung} với {nganhang}?
#liên kết {ungdung} {nganhang}
MUON nối {ungdung} với tài khoản {nganhang}
kết nối {ungdung} và {nganhang} thế nào?
thêm thẻ {nganhang} vào {ungdung} ra sao?

@ he_dieu_hanh
$ viec entity: chụp màn hình=chụp ảnh màn hình; quay màn hình=ghi lại màn hình; đổi hình nền=thay hình nền; cài tiếng Việt=thêm tiếng Việt; gỡ ứng dụng=xóa phần mềm; kết nối wifi=bắt wifi; phát wifi; giải phóng bộ nhớ=dọn bộ nhớ; khôi phục cài đặt gốc=reset máy; sao lưu dữ liệu=backup dữ liệu; ẩn file=giấu file; xem dung lượng; tắt thông báo; bật chế độ tối=bật dark mode; tắt cập nhật tự động; bật cập nhật tự động; chia đôi màn hình; đổi mật khẩu máy; tạo tài khoản người dùng; nén file
cách {viec} trên {hedieuhanh}?
LAMSAO {viec} trên {hedieuhanh}?
#{hedieuhanh} {viec}
MUON {viec} trên {hedieuhanh}
{hedieuhanh} thì {viec} kiểu gì?
!CACH {viec} trên (máy|) {hedieuhanh}

@ phan_mem
$ viec entity: chèn bảng=thêm bảng; xóa dòng trống=bỏ dòng trống; đánh số trang; gộp ô=trộn ô; tách ô; cố định dòng đầu; cố định cột đầu; vẽ biểu đồ=tạo biểu đồ; lưu thành PDF=xuất PDF; đổi phông chữ=thay font; căn giữa=căn ra giữa; căn trái; căn phải; tìm và thay thế; chèn ảnh=thêm hình; cắt ảnh; xoay ảnh; khóa file bằng mật khẩu=đặt mật khẩu cho file; in hai mặt; in một mặt; tính tổng; tính trung bình; lọc dữ liệu; sắp xếp tăng dần; sắp xếp giảm dần; xóa nền
cách {viec} trong {phanmem}?
LAMSAO {viec} trong {phanmem}?
#{phanmem} {viec}
MUON {viec} trong {phanmem}
trong {phanmem} thì {viec} ở đâu?
!CACH {viec} bằng {phanmem}
"""

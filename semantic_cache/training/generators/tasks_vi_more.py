"""More Vietnamese tasks: assistants, negation, everyday problems. `grammar` says how they are written."""

# ruff: noqa: E501
TASKS = """
@ goi_xe
$ cho entity: sân bay=phi trường; ga tàu=nhà ga; bệnh viện; khách sạn; công ty=chỗ làm; trường học; trung tâm thành phố; nhà=về nhà; bến xe; chợ; siêu thị; công viên; bảo tàng
$ xe constraint: taxi=xe taxi; xe ôm=xe máy ôm; xe 7 chỗ; xe 4 chỗ
!(gọi|đặt) {xe} từ {cho1} đến {cho2} lúc {gio}
{xe} từ {cho1} tới {cho2} {gio}
{gio} (tôi|mình) cần đi từ {cho1} đến {cho2}, gọi {xe}
!đặt {xe} đón ở {cho1} lúc {gio}, trả khách ở {cho2}

@ tin_tuc
$ ve entity: chính trị; kinh tế; thể thao; bóng đá; giáo dục; công nghệ; sức khỏe; giải trí; pháp luật; bất động sản; chứng khoán; thời sự; giao thông; môi trường
tin tức {ve} (ở|tại|về) {nuoc} có gì mới?
!đọc tin {ve} (của|về) {nuoc}
#tin {ve} {nuoc}
có tin gì mới về {ve} ở {nuoc} không?
!cập nhật tin {ve} ở {nuoc}

@ truyen_cuoi
$ ve entity: vợ chồng; học sinh; bác sĩ; con mèo; con chó; thầy giáo; dân công sở; say rượu; mẹ chồng nàng dâu; lập trình viên; đi chợ; nông dân; con vịt; tắc đường
$ kieu adjective: ngắn; dài; dân gian; bựa; nhẹ nhàng; thâm thúy
!kể (một|) truyện cười {kieu} về {ve}
(tôi|mình) muốn nghe truyện cười {kieu} về {ve}
truyện cười {kieu} về {ve}
#truyện cười {kieu} {ve}
có truyện cười nào {kieu} nói về {ve} không?

@ danh_ba kind=verb
- so
số điện thoại của {nguoithan} là gì?
!tìm số điện thoại của {nguoithan}
!đọc số của {nguoithan} trong danh bạ
- diachi
địa chỉ nhà của {nguoithan} ở đâu?
!tìm địa chỉ của {nguoithan}
- sn
sinh nhật của {nguoithan} là ngày nào?
!cho biết ngày sinh của {nguoithan}
- xoa
!xóa {nguoithan} khỏi danh bạ
!bỏ số của {nguoithan} ra khỏi danh bạ
- them
!thêm {nguoithan} vào danh bạ
!lưu số của {nguoithan}

@ do_uong
$ uong entity: cà phê đen; cà phê sữa; bạc xỉu; trà đào; trà chanh; trà sữa; nước cam; nước dừa; nước mía; sinh tố xoài; sinh tố bơ; ca cao; nước ép dứa; nước ép dưa hấu
$ them constraint: ; ít đường; nhiều đường; không đường; ít đá; nhiều đá; không đá; thêm sữa; mang về=mang đi
!(đặt|gọi) {small} ly {uong} {them}
cho (tôi|mình|em) {small} ly {uong} {them}
(tôi|mình|em) muốn {small} ly {uong} {them}
{small} {uong} {them}

@ goi_mon
$ kieu constraint: mang về=mang đi; ăn tại quán=ăn tại chỗ; giao tận nhà=ship tận nhà
!(đặt|gọi) {small} phần {mon} {kieu} lúc {gio}
(tôi|mình) muốn {small} suất {mon} {kieu} lúc {gio}
{small} {mon} {kieu} {gio}
lúc {gio} cho {small} phần {mon} {kieu}

@ dat_ban
!đặt bàn {small} người lúc {gio} {thu}
(tôi|mình) muốn đặt bàn cho {small} người vào {gio} {thu}
{thu} {gio} còn bàn cho {small} người không?
#đặt bàn {small} người {gio} {thu}
nhóm (tôi|mình) {small} người, {thu} {gio} ghé ăn, giữ bàn giúp

@ quan_gan
$ quan entity: quán cà phê; quán phở; nhà thuốc=hiệu thuốc; cây ATM; trạm xăng=cây xăng; bệnh viện; siêu thị; tiệm sửa xe; tiệm cắt tóc; phòng gym; ngân hàng; bưu điện; rạp phim; tiệm bánh; chợ đêm; quán chay; quán nhậu; nhà sách; công viên; bãi gửi xe=bãi giữ xe
$ dk constraint: ; mở cửa 24/24=mở cả ngày đêm; có chỗ đậu xe=có chỗ để xe; giá rẻ=rẻ; yên tĩnh; cho trẻ em; mở cửa chủ nhật; có wifi; có máy lạnh=có điều hòa
{quan} {dk} ở {tinh} chỗ nào?
#{quan} {tinh} {dk}
!tìm {quan} {dk} ở {tinh}
ở {tinh} có {quan} nào {dk} không?
(tôi|mình) đang ở {tinh}, cần tìm {quan} {dk}

@ chat_trong kind=polarity
$ chat entity: sắt; canxi; vitamin C; vitamin A; kẽm; chất xơ; đạm=protein; đường; cholesterol; gluten; caffeine; omega 3; kali; tinh bột; iốt; purin
$ buaan entity: bữa sáng; bữa trưa; bữa tối; bữa phụ
- co
thực phẩm nào cho {buaan} chứa {chat}?
#thực phẩm {buaan} giàu {chat}
!GOIY món {buaan} có {chat}
{buaan} nên ăn gì để có {chat}?
- khong
thực phẩm nào cho {buaan} không chứa {chat}?
#thực phẩm {buaan} không có {chat}
!GOIY món {buaan} không có {chat}
{buaan} nên ăn gì để tránh {chat}?

@ nen_khong kind=polarity
$ viec entity: tắm; ăn; uống cà phê; uống sữa; tập thể dục; ngủ trưa; uống rượu; gội đầu; đánh răng; bơi; chạy bộ; uống nước đá; ăn trái cây; quan hệ; lái xe; hiến máu
$ luc time: trước khi ngủ; sau khi ngủ dậy; trước khi ăn; sau khi ăn=ăn xong; khi bị sốt=lúc đang sốt; khi có kinh=khi đến tháng; sau khi tiêm vắc xin=tiêm vắc xin xong; trước khi xét nghiệm máu; sau khi tập=tập xong; khi mang thai=lúc bầu; sau sinh=sau khi sinh; buổi sáng=vào buổi sáng; buổi tối=vào buổi tối
- nen
có nên {viec} {luc} không?
{luc} {viec} có tốt không?
#{luc} có nên {viec}
{luc} mà {viec} thì có lợi gì?
- vi sao
vì sao không nên {viec} {luc}?
tại sao {luc} lại không được {viec}?
#lý do không {viec} {luc}
- bao lau
phải đợi bao lâu mới được {viec} {luc}?
#bao lâu được {viec} {luc}

@ nhat kind=adjective
$ nhat adjective: lớn nhất=to nhất; nhỏ nhất=bé nhất; cao nhất; thấp nhất; dài nhất; ngắn nhất; lâu đời nhất=cổ nhất; mới nhất; đắt nhất; rẻ nhất; nguy hiểm nhất; đẹp nhất; sâu nhất; lạnh nhất; nóng nhất
$ gi entity: thành phố; hồ; sông; núi; tòa nhà; cây cầu; hòn đảo; sa mạc; khách sạn; bảo tàng; sân vận động; sân bay; hang động; thác nước; trường đại học; con đường; khu rừng
$ o entity: thế giới; Việt Nam; châu Á; châu Âu; châu Phi; Đông Nam Á; miền Bắc; miền Trung; miền Nam; Hà Nội; Sài Gòn=TP.HCM=TPHCM
{gi} {nhat} {o} là {gi} nào?
{gi} nào {nhat} (ở|tại) {o}?
#{gi} {nhat} {o}
!cho biết {gi} {nhat} (ở|tại) {o}
{o} có {gi} nào {nhat}?

@ phat_minh kind=question
$ vat entity: điện thoại; bóng đèn; máy bay; máy hơi nước; máy in; máy tính; internet; tivi; radio=máy thu thanh; máy ảnh; xe đạp; ô tô=xe hơi; thuốc nổ; la bàn; kính viễn vọng; kính hiển vi; thang máy; giấy; tủ lạnh; pin; penicillin; đồng hồ; chữ quốc ngữ; áo dài; dù=ô che mưa; bánh mì kẹp
- ai
ai (phát minh|sáng chế) ra {vat}?
người (phát minh|sáng chế) ra {vat} là ai?
#ai phát minh ra {vat}
- nam
{vat} được phát minh năm nào?
{vat} ra đời khi nào?
#năm phát minh {vat}
- dau
{vat} được phát minh ở đâu?
{vat} ra đời ở nước nào?
- hoat dong
{vat} hoạt động thế nào?
nguyên lý hoạt động của {vat} là gì?
#nguyên lý {vat}

@ cam_xuc
$ cx adjective: buồn; cô đơn; lo lắng=lo âu; chán=chán nản; tức giận=giận; ghen=ghen tuông; áp lực=căng thẳng; mệt mỏi; tự ti; hối hận; sợ=sợ hãi; nhớ nhà; xấu hổ=ngại
$ khi constraint: khi ở công ty=lúc ở công ty; khi ở trường=lúc ở trường; sau chia tay=sau khi chia tay; khi ở một mình=lúc ở một mình; trước kỳ thi=trước khi thi; sau sinh=sau khi sinh; khi về quê; khi thất nghiệp=lúc mất việc; vào ban đêm=ban đêm; khi gặp bạn bè; khi nói trước đám đông
(tôi|em|mình) thấy {cx} {khi}
làm sao để hết {cx} {khi}?
vì sao (tôi|em|mình) hay {cx} {khi}, làm gì cho đỡ?
#hay {cx} {khi} phải làm sao
{khi} mà {cx} thì nên làm gì?

@ nguoi_nguoi kind=role
$ da entity: nói dối; lừa; la mắng=mắng; đánh; phản bội; xin lỗi; tha thứ cho; giận; chặn số; cảm ơn; bỏ rơi; giúp
{nguoithan1} {da} {nguoithan2} thì (tôi|mình|em) nên nói gì với họ?
(tôi|mình|em) biết {nguoithan1} {da} {nguoithan2}, nên nói gì với họ?
phải nói gì khi {nguoithan1} {da} {nguoithan2}?
#{nguoithan1} {da} {nguoithan2} nên nói gì

@ do_vat kind=adjective
$ vat entity: con voi; hươu cao cổ; cá voi xanh; sân bóng đá; sân tennis; hồ bơi tiêu chuẩn; đàn piano; tủ lạnh; giường đôi; container 20 feet; container 40 feet; máy bay Boeing 747; em bé sơ sinh; ô tô con; xe máy; viên gạch; quả bóng rổ; quả dưa hấu; quả trứng gà; tờ A4
- cao
{vat} cao bao nhiêu?
chiều cao của {vat} là bao nhiêu?
#chiều cao {vat}
- dai
{vat} dài bao nhiêu?
chiều dài của {vat} là bao nhiêu?
#chiều dài {vat}
- rong
{vat} rộng bao nhiêu?
bề rộng của {vat} là bao nhiêu?
#bề rộng {vat}
- nang
{vat} nặng bao nhiêu?
cân nặng của {vat} là bao nhiêu?
#cân nặng {vat}
- gia
{vat} giá bao nhiêu tiền?
#giá {vat}

@ tim_theo_gia kind=polarity
$ gi entity: phòng trọ; căn hộ; khách sạn; xe máy cũ; laptop cũ; homestay; quán buffet; phòng gym; khóa học tiếng Anh; nhà nguyên căn
- tren
!tìm {gi} ở {tinh} giá (trên|hơn) {trieu}
#{gi} {tinh} trên {trieu}
{gi} ở {tinh} nào đắt hơn {trieu}?
- duoi
!tìm {gi} ở {tinh} giá (dưới|không quá) {trieu}
#{gi} {tinh} dưới {trieu}
{gi} ở {tinh} nào rẻ hơn {trieu}?
- khoang
!tìm {gi} ở {tinh} giá (khoảng|tầm) {trieu}
#{gi} {tinh} khoảng {trieu}
{gi} ở {tinh} nào giá chừng {trieu}?

@ tiet_kiem
làm sao để dành được {trieu} trong {thang}?
LAMSAO tiết kiệm {trieu} trong {thang}?
(tôi|mình) muốn có {trieu} sau {thang}, phải để dành thế nào?
#tiết kiệm {trieu} trong {thang}
!lập kế hoạch để dành {trieu} trong {thang}

@ bo_thoi_quen kind=polarity
$ viec entity: hút thuốc; uống rượu; thức khuya; ăn vặt; chơi game; lướt TikTok; uống trà sữa; dậy sớm; đọc sách; chạy bộ; thiền; viết nhật ký; uống đủ nước; ăn sáng
- bo
LAMSAO bỏ {viec} trong {tuan}?
!giúp (tôi|mình|em) bỏ thói quen {viec} trong {tuan}
#bỏ {viec} {tuan}
- tap
LAMSAO tập thói quen {viec} trong {tuan}?
!giúp (tôi|mình|em) tạo thói quen {viec} trong {tuan}
#tập {viec} {tuan}
- sao
{viec} liên tục {tuan} thì cơ thể ra sao?
#{viec} {tuan} có tác dụng gì

@ be_moc kind=polarity
$ viec entity: uống nước; ăn dặm; ăn sữa chua; ăn tôm; ăn trứng; ăn mật ong; ngồi xe máy; đi máy bay; đi bơi; xem tivi; nằm quạt; nằm điều hòa; ngủ gối; uống nước cam; ăn muối; đi biển
$ tuoi time: 1 tháng=một tháng; 2 tháng=hai tháng; 3 tháng=ba tháng; 4 tháng=bốn tháng; 6 tháng=sáu tháng; 8 tháng=tám tháng; 9 tháng=chín tháng; 1 tuổi=một tuổi; 18 tháng=mười tám tháng; 2 tuổi=hai tuổi
- duoc
bé {tuoi} {viec} được chưa?
bé {tuoi} có được {viec} không?
#bé {tuoi} {viec}
bé nhà (em|mình) {tuoi}, cho {viec} được chưa?
- sao khong
vì sao bé {tuoi} không được {viec}?
#lý do bé {tuoi} không {viec}
- chua biet
bé {tuoi} chưa chịu {viec} thì làm sao?
#bé {tuoi} không chịu {viec}

@ chinh_ta sym
$ chu entity: xử lý; sử lý; chia sẻ; chia xẻ; suất sắc; xuất sắc; giành; dành; chú trọng; trú trọng; sáng lạn; xán lạn; bổ sung; bổ xung; dở; giở; giò; dò; lãng mạn; lãng mạng; sơ suất; sơ xuất; trân trọng; chân trọng; cọ xát; cọ sát
viết "{chu1}" hay "{chu2}" mới đúng?
"{chu1}" với "{chu2}", từ nào đúng chính tả?
#"{chu1}" hay "{chu2}"
đúng chính tả là "{chu1}" hay là "{chu2}"?

@ gio_nuoc kind=direction
- gio
{gio} ở {nuoc1} là mấy giờ ở {nuoc2}?
#{gio} {nuoc1} là mấy giờ {nuoc2}
!đổi {gio} giờ {nuoc1} sang giờ {nuoc2}
ở {nuoc1} là {gio} thì bên {nuoc2} mấy giờ?
- goi
lúc {gio} ở {nuoc1} gọi về {nuoc2} có tiện không?
gọi cho người ở {nuoc2} lúc {gio} giờ {nuoc1} được không?

@ phuong_trinh
$ pt number: 3x + 5 = 20; 3x - 5 = 20; 2x + 7 = 15; 2x - 7 = 15; 5x + 1 = 26; 5x - 1 = 26; 4x + 4 = 24; 7x = 49; 7x = 56; x^2 = 49; x^2 = 64; 6x + 2 = 20; 6x + 2 = 26; 9x - 3 = 42; x/2 + 3 = 9; x/2 - 3 = 9
!giải phương trình {pt}
{pt} thì x bằng mấy?
!tìm x biết {pt}
#giải {pt}
"""
